# Lee et al. 2023 at full size, the reward's auxiliary loss: lambda = 0 is a reward
# without it.

ablation "sd15_auxiliary_loss" {
  description = "does prompt classification help the reward?"
  experiment  = "../experiments/lee2023_sd15.hcl"
  seeds       = [1] # the paper's one run; three seeds give intervals over runs

  vary = { auxiliary_weight = [0, 0.5] }

  baseline = { auxiliary_weight = 0 }
  measure  = [metric.reward_accuracy]
}
