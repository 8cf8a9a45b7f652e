# Not in the paper: labels in three rounds, each of what the last round's model draws,
# beside as many at once.

ablation "rounds_shapes" {
  description = "is it better to label in rounds?"
  experiment  = "../experiments/rounds_shapes.hcl"
  seeds       = [1, 2, 3]

  measure = [metric.alignment, metric.reward_accuracy, metric.fidelity]
}
