# Lee et al. 2023, the pre-training loss; the paper does not state its beta.

ablation "pretraining_weight" {
  description = "how much pre-training loss keeps the images real?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  vary = { pretraining_weight = [0.1, 0.3, 1, 3] }

  baseline = { pretraining_weight = 0.3 }
  measure  = [metric.alignment, metric.average_reward, metric.fidelity]
}
