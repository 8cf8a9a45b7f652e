ablation "seeds" {
  experiment = "../experiment.hcl"
  seeds      = range(1, 4)
}
