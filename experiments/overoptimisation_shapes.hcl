# A reward that is followed too far, in the miniature world of shapes. The reward is
# learned from 72 images that one careless rater labelled; the model is then tuned for
# long on the few images that this reward likes best. The reward goes on to rise while a
# crowd of raters, which takes no part, finds the images worse: the finetune is looked at
# while it is tuned, and stopped there. The reward card says beforehand what is wrong.

experiment "overoptimisation_shapes" {
  description = "a reward that was learned from too little, and what tuning on it does"
  seed        = var.seed
}

variable "seed" {
  description = "changes everything random after the shipped weights"
  default     = 1
}

variable "error_rate" {
  description = "share of the careless rater's labels that are wrong"
  default     = 0.35
}

variable "stop" {
  description = "whether the tuning ends where the reward rises and the crowd's good images fall"
  default     = true
}

locals {
  colors   = ["red", "orange", "yellow", "green", "blue", "purple"]
  objects  = ["ring", "moon", "triangle", "cross", "heart", "bar"]
  held_out = ["triangle", "bar"]
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = local.colors, object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "count" {
  template = "{count} {object}"
  slots    = { count = ["one", "two", "three"], object = local.objects }
  unseen   = { object = local.held_out }
}

sampler "shapes" "base" {
  guidance_scale      = 1.5
  num_inference_steps = 6
  solver              = "dpmpp_2m"
}

encoder "shapes_clip" "clip" {}

# Who judges, and who labelled what the reward learns from.
rater "shapes_judge" "crowd" {
  raters     = 9
  error_rate = 0.08
}

rater "shapes_judge" "hasty" {
  raters     = 1
  error_rate = var.error_rate
}

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = 2
}

labels "few" {
  images = images.labelled
  rater  = rater.hasty
}

reward "feedback" "learned" {
  encoder  = encoder.clip
  labels   = labels.few
  products = true
  steps    = 300
}

reward "clip_score" "clip_score" {
  encoder = encoder.clip
}

# What the model is tuned on: of each prompt, the images that the reward likes best.
images "drawn" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = 12
}

finetune "tuned" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = images.drawn
  steps         = 240
  batch_size    = 16
  learning_rate = 4e-3

  loss "reward_weighted" {
    weighting = "best"
    share     = 0.15
  }

  evaluate {
    every      = 60
    prompts    = prompts.all
    per_prompt = 3
    judge      = rater.crowd
    stop       = var.stop
  }
}

evaluate "main" {
  models     = [sampler.base, finetune.tuned]
  prompts    = prompts.all
  per_prompt = 2
  rewards    = [reward.clip_score, reward.learned]

  alignment {
    rater = rater.crowd
  }

  reward_card {
    images = 80
  }
}
