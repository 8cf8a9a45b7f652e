# Not in the paper: which weights are tuned. Rewarded images never show a held-out
# object, and a network that is tuned whole unlearns to draw one; tuned is
# therefore the way of the prompt into it. The whole network has a lower learning
# rate: at a higher one it gained no more and unlearned more.

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
