ablation "rows" {
  experiment = "../experiment.hcl"

  rows = [
    { solver = "ddim", auxiliary_weight = 0.5 },
    {},
    { solver = ["euler"] },
    ["euler"],
    { auxiliary_weight = "fast" },
  ]

  baseline = { solver = "ddim" }
}
