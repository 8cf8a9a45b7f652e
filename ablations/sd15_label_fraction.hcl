# Lee et al. 2023 at full size, the amount of human data: all of it and half, as in the
# paper.

ablation "sd15_label_fraction" {
  description = "how many labels does the reward need?"
  experiment  = "../experiments/lee2023_sd15.hcl"
  seeds       = [1] # the paper's one run; three seeds give intervals over runs

  vary = { label_fraction = [0.5, 1] }

  baseline = { label_fraction = 1 }
  measure  = [metric.reward_accuracy]
}
