# Lee et al. 2023, the reward's auxiliary loss: lambda = 0 is a reward without it.

ablation "auxiliary_loss" {
  description = "does prompt classification help the reward?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  vary = { auxiliary_weight = [0, 0.1, 0.5, 2] }

  baseline = { auxiliary_weight = 0 }
  measure  = [metric.reward_accuracy]
}
