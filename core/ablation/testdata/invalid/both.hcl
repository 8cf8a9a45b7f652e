ablation "both" {
  experiment = "../experiment.hcl"
  vary       = { solver = ["ddim"] }
  rows       = [{ solver = "ddim" }]
  measure    = []
  varry      = {}
}
