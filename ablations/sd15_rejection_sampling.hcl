# Lee et al. 2023 at full size, rejection sampling against fine-tuning: of 4 images all
# are kept, which is the control; the paper has the best 4 of 16.

ablation "sd15_rejection_sampling" {
  description = "is choosing among many images as good as tuning?"
  experiment  = "../experiments/lee2023_sd15.hcl"
  seeds       = [1] # the paper's one run; three seeds give intervals over runs

  vary = { best_of = [4, 16] }

  baseline = { best_of = 4 }
  measure  = [metric.best_of]
}
