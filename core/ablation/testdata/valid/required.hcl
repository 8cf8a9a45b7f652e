ablation "required" {
  experiment = "../without_seed.hcl"
  vary       = { scale = [3, 1] }
}
