# Feedback in rounds in the miniature world of shapes: three rounds of 400 labels, each
# on what the last round's model draws, beside one of 1,200. Both have as many labels,
# images drawn to be labelled and tuned on, and tuning steps; the rounds fit a reward
# three times.

experiment "rounds_shapes" {
  description = "feedback in rounds in the miniature world of shapes"
  seed        = var.seed
}

variable "seed" {
  description = "changes everything random after the shipped weights"
  default     = 1
}

variable "select" {
  description = "which images the second and third round label: uncertain or random"
  default     = "uncertain"
}

variable "steps" {
  description = "fine-tuning steps of a round"
  default     = 120
}

locals {
  rounds      = 3
  labels      = 400 # of a round
  per_prompt  = 6   # images of a round
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
  limit  = 120
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

# Every round draws with the last round's model, labels some of it, fits a reward on the
# labels of all rounds so far, and tunes the model by it.
rounds "feedback" {
  count = local.rounds
  model = sampler.base

  images "drawn" {
    sampler    = round.model
    prompts    = prompts.all
    split      = "seen"
    per_prompt = local.per_prompt
  }

  labels "crowd" {
    images = images.drawn
    rater  = rater.crowd
    count  = local.labels
    select = var.select
  }

  reward "feedback" "learned" {
    encoder  = encoder.clip
    labels   = round.labels
    products = true
    steps    = 300

    auxiliary "prompt_classification" {
      weight      = 0.5
      temperature = 2
      negatives   = 9
    }
  }

  finetune "tuned" {
    sampler       = round.model
    reward        = reward.learned
    images        = images.drawn
    steps         = var.steps
    batch_size    = 32
    learning_rate = 2e-3
    schedule      = "cosine"
    ema_decay     = 0.98
    trainable     = "conditioning"

    loss "reward_weighted" {}
  }
}

# All at once.
images "at_once" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = local.rounds * local.per_prompt
}

labels "at_once" {
  images = images.at_once
  rater  = rater.crowd
  count  = local.rounds * local.labels
}

reward "feedback" "at_once" {
  encoder  = encoder.clip
  labels   = labels.at_once
  products = true
  steps    = 300

  auxiliary "prompt_classification" {
    weight      = 0.5
    temperature = 2
    negatives   = 9
  }
}

finetune "at_once" {
  sampler       = sampler.base
  reward        = reward.at_once
  images        = images.at_once
  steps         = local.rounds * var.steps
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {}
}

# Rewards are compared on the baseline's images.
evaluate "main" {
  models     = [finetune.at_once, finetune.tuned, sampler.base]
  baseline   = finetune.at_once
  prompts    = prompts.all
  per_prompt = 4
  rewards    = [reward.at_once, reward.learned_1, reward.learned_2, reward.learned]

  alignment {
    rater = rater.crowd
  }

  fidelity {
    reference = sampler.world
    encoder   = encoder.clip
  }
}
