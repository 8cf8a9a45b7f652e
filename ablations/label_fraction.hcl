# Lee et al. 2023, the amount of human data.

ablation "label_fraction" {
  description = "how many labels does the reward need?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  vary = { label_fraction = [0.1, 0.25, 0.5, 1] }

  baseline = { label_fraction = 1 }
  measure  = [metric.reward_accuracy]
}
