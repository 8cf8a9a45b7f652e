ablation "nothing" {
  description = 3
  experiment  = "../experiment.hcl"
}
