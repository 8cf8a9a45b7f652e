# Lee et al. 2023, rejection sampling against fine-tuning: the best of n images of
# the base model by the reward.

ablation "rejection_sampling" {
  description = "is choosing among many images as good as tuning?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  vary = { best_of = [1, 4, 16, 64] }

  baseline = { best_of = 1 }
  measure  = [metric.best_of]
}
