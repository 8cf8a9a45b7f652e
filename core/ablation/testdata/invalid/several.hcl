ablation "one" {
  experiment = "../experiment.hcl"
  seeds      = [1]
}

ablation "two" {
  experiment = "../experiment.hcl"
  seeds      = []
}
