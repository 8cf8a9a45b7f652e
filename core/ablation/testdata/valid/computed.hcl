ablation "computed" {
  experiment = "../experiment.hcl"
  rows       = [for n in range(3) : { auxiliary_weight = n / 2, label_fraction = 1 / pow(2, n) }]
}
