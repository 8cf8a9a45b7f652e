ablation "huge" {
  experiment = "../experiment.hcl"
  vary       = { auxiliary_weight = range(1000), label_fraction = range(1, 1000) }
}
