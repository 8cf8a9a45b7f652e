# Why tuning gains little on counts in the miniature world of shapes: the quickstart's
# fine-tuning measured on count prompts alone, by number, beside what other weights,
# more labelled count images and true scenes bring.

experiment "counts_shapes" {
  description = "what tuning does to counts in the miniature world of shapes"
  seed        = var.seed
}

variable "seed" {
  description = "changes everything random after the shipped weights"
  default     = 1
}

variable "steps" {
  description = "fine-tuning steps"
  default     = 320
}

locals {
  counts      = ["one", "two", "three"]
  colors      = ["red", "orange", "yellow", "green", "blue", "purple"]
  objects     = ["ring", "moon", "triangle", "cross", "heart", "bar"]
  backgrounds = ["on grass", "on sand", "at night", "in snow"]
  held_out    = ["triangle", "bar"]
}

# Prompt categories. Unseen prompts, those with held-out objects, are never
# labelled and never rewarded.
prompts "count" {
  template = "{count} {object}"
  slots    = { count = local.counts, object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = local.colors, object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "background" {
  template = "a {object} {background}"
  slots    = { object = local.objects, background = local.backgrounds }
  unseen   = { object = local.held_out }
}

prompts "combination" {
  template = "{count} {color} {object} {background}"
  slots = {
    count      = local.counts
    color      = local.colors
    object     = local.objects
    background = local.backgrounds
  }
  unseen = { object = local.held_out }
  limit  = 60
}

# The count prompts again, by number, for the evaluation.
prompts "one" {
  template = "one {object}"
  slots    = { object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "two" {
  template = "two {object}"
  slots    = { object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "three" {
  template = "three {object}"
  slots    = { object = local.objects }
  unseen   = { object = local.held_out }
}

# What is tuned, what is real, what sees, and who judges.
sampler "shapes" "base" {
  guidance_scale      = 1.5
  num_inference_steps = 6
  solver              = "dpmpp_2m"
}

sampler "shapes_scenes" "world" {}

encoder "shapes_clip" "clip" {}

rater "shapes_judge" "crowd" {
  raters     = 9
  error_rate = 0.08
  skip_rate  = 0.04
}

# Images of the base model, labelled by the crowd.
images "labelled" {
  sampler    = sampler.base
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.combination]
  split      = "seen"
  per_prompt = 12
}

# As many more images of count prompts as there are of all others.
images "counts" {
  sampler    = sampler.base
  prompts    = [prompts.count]
  split      = "seen"
  per_prompt = 80
}

# True scenes: what a perfect reward could choose at best.
images "true_all" {
  sampler    = sampler.world
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.combination]
  split      = "seen"
  per_prompt = 12
}

images "true_counts" {
  sampler    = sampler.world
  prompts    = [prompts.count]
  split      = "seen"
  per_prompt = 80
}

labels "human" {
  images = images.labelled
  rater  = rater.crowd
}

reward "feedback" "learned" {
  encoder  = encoder.clip
  labels   = labels.human
  products = true
  steps    = 300

  auxiliary "prompt_classification" {
    weight      = 0.5
    temperature = 2
    negatives   = 9
  }
}

# As in the quickstart: an image counts by its reward.
finetune "rewarded" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {}
}

# Every prompt counts alike, however bad its images are.
finetune "by_prompt" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {
    normalize = "prompt"
  }
}

# The best quarter of each prompt's images alone.
finetune "best_quarter" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {
    weighting = "best"
  }
}

# Half of the images are of count prompts.
finetune "more_counts" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled, images.counts]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {
    normalize = "prompt"
  }
}

# The same, the best quarter of each prompt's images.
finetune "more_counts_best" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled, images.counts]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {
    weighting = "best"
  }
}

# Nothing but count prompts, the best quarter.
finetune "counts_alone" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.counts]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {
    weighting = "best"
  }
}

# True scenes of all prompts.
finetune "true_all" {
  sampler       = sampler.base
  images        = [images.true_all]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "denoising" {}
}

# True scenes of count prompts alone.
finetune "true_counts" {
  sampler       = sampler.base
  images        = [images.true_counts]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "denoising" {}
}

# The same, all weights.
finetune "true_counts_all" {
  sampler       = sampler.base
  images        = [images.true_counts]
  steps         = var.steps
  batch_size    = 32
  learning_rate = 5e-4
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "all"

  loss "denoising" {}
}

evaluate "counts" {
  models = [
    sampler.base, finetune.rewarded, finetune.by_prompt, finetune.best_quarter, finetune.more_counts,
    finetune.more_counts_best, finetune.counts_alone, finetune.true_all, finetune.true_counts, finetune.true_counts_all,
  ]
  baseline   = sampler.base
  prompts    = [prompts.one, prompts.two, prompts.three]
  per_prompt = 64
  rewards    = [reward.learned]

  alignment {
    rater = rater.crowd
  }
}
