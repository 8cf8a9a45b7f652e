# Which of several ways to draw raters prefer, image beside image of one prompt and
# seed, in the miniature world of shapes: guidance and few steps against the base.

experiment "preference_shapes" {
  description = "preferences between samplers in the miniature world of shapes"
  seed        = var.seed
}

variable "seed" {
  description = "changes everything random after the shipped weights"
  default     = 1
}

locals {
  objects  = ["ring", "moon", "triangle", "cross", "heart", "bar"]
  held_out = ["triangle", "bar"]
}

prompts "count" {
  template = "{count} {object}"
  slots    = { count = ["one", "two", "three"], object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = ["red", "yellow", "blue", "purple"], object = local.objects }
  unseen   = { object = local.held_out }
}

sampler "shapes" "base" {
  guidance_scale      = 1.5
  num_inference_steps = 6
  solver              = "dpmpp_2m"
}

# Follows the prompt more closely.
sampler "shapes" "guided" {
  guidance_scale      = 4
  num_inference_steps = 6
  solver              = "dpmpp_2m"
}

# A third of the steps.
sampler "shapes" "hasty" {
  guidance_scale      = 1.5
  num_inference_steps = 2
  solver              = "dpmpp_2m"
}

rater "shapes_judge" "crowd" {
  raters     = 9
  error_rate = 0.08
  skip_rate  = 0.04
}

evaluate "main" {
  models     = [sampler.base, sampler.guided, sampler.hasty]
  baseline   = sampler.base
  prompts    = prompts.all
  per_prompt = 2

  preference {
    rater = rater.crowd
    pairs = "all"
  }
}
