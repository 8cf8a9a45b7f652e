# What a campaign of faults runs: all kinds of stages that keep something, small.
experiment "world" {
  seed = 3
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = ["red", "blue"], object = ["ring", "bar"] }
}

sampler "shapes" "base" {
  num_inference_steps = 2
}

encoder "shapes_clip" "clip" {}

rater "shapes_judge" "crowd" {
  raters = 3
}

images "drawn" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 25 # more than a part of 96
}

images "brought" {
  path = "brought"
}

labels "human" {
  images = images.brought
  path   = "labels.csv"
}

reward "feedback" "aligned" {
  encoder = encoder.clip
  labels  = labels.human
  steps   = 30
}

finetune "full" {
  sampler    = sampler.base
  reward     = reward.aligned
  images     = images.drawn
  steps      = 30
  batch_size = 4
  trainable  = "conditioning"

  loss "reward_weighted" {}
}

evaluate "main" {
  models  = [finetune.full]
  prompts = prompts.color
  rewards = [reward.aligned]

  alignment {
    rater = rater.crowd
  }
}
