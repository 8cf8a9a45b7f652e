ablation "not_an_experiment" {
  experiment = "not_an_experiment.hcl"
  vary       = { solver = ["ddim"] }
}
