# Not in the paper: what tuning does to counts, by number, and what would help.

ablation "counts" {
  description = "why does tuning gain little on counts?"
  experiment  = "../experiments/counts_shapes.hcl"
  seeds       = [1, 2, 3]

  measure = [metric.alignment]
}
