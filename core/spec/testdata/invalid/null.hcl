experiment "x" {
  seed = null
}

variable "reward" { default = "none" }

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}

images "drawn" {
  sampler = null
  prompts = prompts.color
}

finetune "tuned" {
  sampler = null
  reward  = var.reward == "none" ? null : reward.clip
}
