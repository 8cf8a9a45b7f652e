# Makes the weights that ship with plumb: the miniature's diffusion model, its
# encoder and its judge, from rendered scenes. The diffusion model took 79
# minutes on two cores that had other work too. Nobody has to run it.

experiment "pretrain_shapes" {
  description = "pre-training of the miniature models of the world of shapes"
  seed        = 1
}

variable "steps" {
  description = "training steps of the diffusion model"
  default     = 26000
}

locals {
  counts      = ["one", "two", "three"]
  colors      = ["red", "orange", "yellow", "green", "blue", "purple"]
  objects     = ["ring", "moon", "triangle", "cross", "heart", "bar"]
  backgrounds = ["on grass", "on sand", "at night", "in snow"]
}

prompts "count" {
  template = "{count} {object}"
  slots    = { count = local.counts, object = local.objects }
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = local.colors, object = local.objects }
}

prompts "background" {
  template = "a {object} {background}"
  slots    = { object = local.objects, background = local.backgrounds }
}

prompts "combination" {
  template = "{count} {color} {object} {background}"
  slots = {
    count      = local.counts
    color      = local.colors
    object     = local.objects
    background = local.backgrounds
  }
}

# The web of this world: scenes that often show something else than their
# caption says. Words for counts are the least reliable, as they are on the real
# one; "a" is mostly said of one thing.
sampler "shapes_scenes" "web" {
  count_error      = 0.3
  color_error      = 0.15
  object_error     = 0.05
  background_error = 0.15
}

sampler "shapes_scenes" "web_of_one" {
  count_error      = 0.05
  color_error      = 0.15
  object_error     = 0.05
  background_error = 0.15
}

images "web_counted" {
  sampler    = sampler.web
  prompts    = prompts.count
  per_prompt = 480
}

images "web_short" {
  sampler    = sampler.web_of_one
  prompts    = [prompts.color, prompts.background]
  per_prompt = 240
}

images "web_long" {
  sampler    = sampler.web
  prompts    = prompts.combination
  per_prompt = 96
}

sampler "shapes" "untrained" {}

finetune "base" {
  sampler       = sampler.untrained
  from_scratch  = true
  steps         = var.steps
  batch_size    = 32
  learning_rate = 3e-3
  warmup_steps  = 200
  schedule      = "cosine"
  ema_decay     = 0.999

  loss "pretraining" {
    images = [images.web_counted, images.web_short, images.web_long]
  }
}

# The CLIP of this world learns from the same captions as the diffusion model.
encoder "shapes_clip" "clip" {
  images = images.web_long
}

# The judge learns from clean scenes alone.
sampler "shapes_scenes" "clean" {
  variety = 1
}

images "clean" {
  sampler    = sampler.clean
  prompts    = prompts.combination
  per_prompt = 60
}

rater "shapes_judge" "judge" {
  images = images.clean
}
