ablation "empty_rows" {
  experiment = "../experiment.hcl"
  rows       = [{}]
}
