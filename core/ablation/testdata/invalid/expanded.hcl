ablation "expanded" {
  experiment = "../experiment.hcl"
  vary       = { solver = ["ddim", "eular"], label_fraction = [1, 0.5, 2, 3] }
}
