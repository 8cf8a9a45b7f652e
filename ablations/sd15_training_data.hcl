# Lee et al. 2023 at full size, what the model is tuned on: the experiment's three
# fine-tunings.

ablation "sd15_training_data" {
  description = "what do unlabelled images and the pre-training loss bring?"
  experiment  = "../experiments/lee2023_sd15.hcl"
  seeds       = [1] # the paper's one run; three seeds give intervals over runs

  measure = [metric.alignment, metric.average_reward, metric.fidelity]
}
