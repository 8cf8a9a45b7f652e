experiment "wrong" {}

tracking "mlflow" {
  uri = "https://ann:secret@host:5000"
}
