ablation "seeds" {
  experiment = "../without_seed.hcl"
  seeds      = [1]
}
