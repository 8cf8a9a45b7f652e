ablation "no_row" {
  experiment = "../experiment.hcl"
  vary       = { solver = ["ddim", "euler"], auxiliary_weight = [0, 1] }
  baseline   = { solver = "dpmpp_2m" }
}
