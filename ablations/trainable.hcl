# Not in the paper: which weights are tuned. Rewarded images never show a held-out
# object, and tuning all weights makes the network forget it; so only the text
# conditioning is tuned. All weights have a lower learning rate: a higher one gained
# no more and forgot more.

ablation "trainable" {
  description = "what must be tuned so that it carries over to unseen prompts?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  rows = [
    { trainable = "conditioning", learning_rate = 2e-3 },
    { trainable = "all", learning_rate = 5e-4 },
  ]

  baseline = { trainable = "conditioning", learning_rate = 2e-3 }
  measure  = [metric.alignment, metric.fidelity]
}
