ablation "several_rows" {
  experiment = "../experiment.hcl"
  vary       = { solver = ["ddim", "euler"], auxiliary_weight = [0, 1] }
  baseline   = { solver = "ddim" }
  measure    = [metric, fid, metric.fid, metric.fid, "fid"]
}
