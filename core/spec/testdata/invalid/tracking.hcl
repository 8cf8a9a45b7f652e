experiment "wrong" {}

tracking "mlfow" {
  uri = "http://127.0.0.1:5000"
}

tracking "mlflow" {
  adress = "http://127.0.0.1:5000"
}
