# Everything that computes in the world of shapes, in a few seconds' work.
experiment "repeat" {
  seed = 3
}

variable "steps" {
  default = 12
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = ["red", "blue"], object = ["ring", "moon", "bar"] }
}

sampler "shapes" "base" {
  num_inference_steps = 2
}

encoder "shapes_clip" "clip" {}

rater "shapes_judge" "crowd" {
  raters = 3
}

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 4
}

labels "human" {
  images = images.labelled
  rater  = rater.crowd
}

reward "feedback" "aligned" {
  encoder = encoder.clip
  labels  = labels.human
  steps   = 20

  auxiliary "prompt_classification" {
    weight      = 0.5
    temperature = 2
    negatives   = 3
  }
}

finetune "full" {
  sampler    = sampler.base
  reward     = reward.aligned
  images     = images.labelled
  steps      = var.steps
  batch_size = 4
  trainable  = "conditioning"

  loss "reward_weighted" {}
}

evaluate "main" {
  models  = [sampler.base, finetune.full]
  prompts = prompts.color
  rewards = [reward.aligned]

  alignment {
    rater = rater.crowd
  }
}
