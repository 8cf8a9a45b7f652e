ablation "product" {
  description = "two variables and three seeds"
  experiment  = "../experiment.hcl"
  seeds       = [2, 1, 3]

  vary = {
    solver           = ["euler", "ddim"]
    auxiliary_weight = [2.0, 0, 10]
  }

  baseline = { auxiliary_weight = 0, solver = "ddim" }
  measure  = [metric.reward_accuracy, metric.fid]
}
