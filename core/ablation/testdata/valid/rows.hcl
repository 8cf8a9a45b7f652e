ablation "rows" {
  experiment = "../experiment.hcl"

  rows = [
    { auxiliary_weight = 1, words = ["red", "blue"] },
    { solver = "two words" },
    {},
  ]

  baseline = { auxiliary_weight = 0.5, solver = "ddim" }
}
