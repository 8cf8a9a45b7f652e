# Lee et al. 2023, what the model is tuned on: the experiment's three fine-tunings.

ablation "training_data" {
  description = "what do unlabelled images and the pre-training loss bring?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3, 4, 5]

  measure = [metric.alignment, metric.average_reward, metric.fidelity]
}
