experiment "wrong" {}

tracking "mlflow" {
  uri                  = "sqlite:///mlflow.db"
  images               = -1
  checkpoint_megabytes = "many"
}
