# T divides the reward in the paper's words; a softmax of numbers between 0 and 1
# is nearly flat, so dividing the logit may be what was meant.

ablation "temperature" {
  description = "which temperature, and of what?"
  experiment  = "../experiments/lee2023_shapes.hcl"
  seeds       = [1, 2, 3]

  vary = {
    temperature    = [0.5, 2]
    temperature_on = ["sigmoid", "logit"]
  }

  baseline = { temperature = 2, temperature_on = "sigmoid" }
  measure  = [metric.reward_accuracy]
}
