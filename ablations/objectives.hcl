# The objectives of the experiment beside the paper's full method, over seeds. Its
# fine-tunings see the same images, labels and steps.

ablation "objectives" {
  description = "what do other objectives make of the same labels?"
  experiment  = "../experiments/objectives_shapes.hcl"
  seeds       = [1, 2, 3]

  measure = [metric.alignment, metric.average_reward, metric.fidelity]
}
