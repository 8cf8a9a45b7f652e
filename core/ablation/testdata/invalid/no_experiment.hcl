ablation "no_experiment" {
  experiment = "../experiments.hcl"
  vary       = { solver = ["ddim"] }
}
