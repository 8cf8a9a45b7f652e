# The whole surface of the language in one small experiment.

experiment "miniature" {
  description = "The published method with few words"
  seed        = var.seed
}

variable "seed" { default = 1 }

variable "label_fraction" {
  description = "share of the labels that the rewards are trained on"
  type        = number
  default     = 1.0

  validation {
    condition     = var.label_fraction > 0 && var.label_fraction <= 1
    error_message = "A share is above 0 and at most 1, not ${var.label_fraction}."
  }
}

variable "auxiliary_weight" { default = 0.5 }
variable "pretraining_weight" { default = 1.0 }

locals {
  labelled_only = [images.labelled] # locals may hold references
  everything    = concat(local.labelled_only, [images.unlabelled])

  objects     = concat(local.known, local.held_out)
  known       = ["circle", "square", "star"]
  held_out    = ["heart"]
  colors      = ["red", "green"]
  counts      = ["one", "two"]
  backgrounds = ["on grass", "at night"]
}

compute {
  backend = "auto"
}

plugin "redness" {
  source = "./redness"
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = local.colors, object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "combination" {
  template = "{count} {color} {object} {background}"
  slots    = { count = local.counts, color = local.colors, object = local.objects, background = local.backgrounds }
  unseen   = { object = local.held_out }
  limit    = 8
}

prompts "odd" {
  list   = ["a red heart on a star", "a square circle"]
  unseen = ["a red heart on a star"]
}

sampler "shapes" "base" {
  guidance_scale      = 3.0
  num_inference_steps = 12
  solver              = "dpmpp_2m"
}

sampler "shapes_scenes" "world" {}

encoder "shapes_clip" "clip" {}

rater "shapes_judge" "crowd" {
  raters     = 9
  error_rate = 0.08
}

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = 6
}

images "unlabelled" {
  sampler    = sampler.base
  prompts    = [prompts.combination]
  split      = "seen"
  per_prompt = 4
}

images "real" {
  sampler    = sampler.world
  prompts    = prompts.all
  limit      = 5
  per_prompt = 8
}

images "photographs" {
  path = "photographs"
}

images "one_photograph" {
  path    = "photographs"
  caption = "text"
  split   = "seen"
  limit   = 1
  seed    = 7
  width   = 512
  resize  = "stretch"
}

images "second_round" {
  sampler = finetune.labelled
  prompts = prompts.color
  split   = "seen"
}

labels "human" {
  images   = images.labelled
  rater    = rater.crowd
  fraction = var.label_fraction
}

labels "imported" {
  images = images.labelled
  path   = "labels.csv"
}

reward "clip_score" "clip" {
  encoder = encoder.clip
}

reward "feedback" "no_aux" {
  encoder = encoder.clip
  labels  = labels.human
}

reward "feedback" "with_aux" {
  encoder = encoder.clip
  labels  = labels.human

  auxiliary "prompt_classification" {
    weight      = var.auxiliary_weight
    temperature = 2
    negatives   = 9
  }
}

finetune "labelled" {
  sampler = sampler.base
  reward  = reward.with_aux
  images  = local.labelled_only

  loss "reward_weighted" {}
}

finetune "full" {
  sampler = sampler.base
  reward  = reward.with_aux
  images  = local.everything

  steps         = 100
  learning_rate = 1e-4
  schedule      = "cosine"

  loss "reward_weighted" {
    normalize = false
  }

  loss "pretraining" {
    weight = var.pretraining_weight
    images = images.real
  }

  evaluate {
    every    = 25
    prompts  = prompts.all
    split    = "unseen"
    judge    = reward.clip
    stop     = true
    patience = 2

    fidelity {
      reference = images.real
      encoder   = encoder.clip
    }
  }
}

# A second round on top of the first, and the control without a reward.
finetune "again" {
  sampler = finetune.full
  reward  = reward.no_aux
  images  = images.second_round

  loss "reward_weighted" {}
}

finetune "control" {
  sampler = sampler.base
  images  = local.everything

  loss "denoising" {}
}

# From labels, and from comparisons, each against a model that stays as it is: what
# is tuned, or another one of its sampler.
comparisons "human" {
  images = images.labelled
  rater  = rater.crowd
}

comparisons "of_labels" {
  labels = labels.imported
}

finetune "from_labels" {
  sampler = sampler.base
  labels  = [labels.human, labels.imported]

  loss "kto" {}
}

finetune "from_comparisons" {
  sampler     = finetune.labelled
  comparisons = [comparisons.human, comparisons.of_labels]
  reference   = sampler.base

  loss "dpo" { weight = 2 }

  loss "pretraining" {
    images = images.real
  }
}

evaluate "main" {
  models     = concat([sampler.base], [for name in ["labelled", "full", "again", "control"] : finetune[name]])
  baseline   = sampler.base
  prompts    = prompts.all
  per_prompt = 4
  rewards    = [reward.clip, reward.no_aux, reward.with_aux]

  alignment {
    rater = rater.crowd
  }

  fidelity {
    reference = images.real
    encoder   = encoder.clip
  }

  reward_card {
    jpeg = [80, 20]
  }

  best_of {
    sampler = sampler.base
    reward  = reward.with_aux
    n       = 16
    keep    = 4
  }

  best_of {
    sampler = sampler.base
    reward  = reward.clip
    n       = 4
    keep    = 1
    against = [finetune.full]
  }
}

# Real images of the same prompts, twice as many as a model's if per_prompt did not say so.
evaluate "drawn_reference" {
  models     = [sampler.base, finetune.full]
  prompts    = prompts.all
  per_prompt = 4

  fidelity {
    reference  = sampler.world
    encoder    = encoder.clip
    per_prompt = 6
  }
}

evaluate "default_reference" {
  models     = [sampler.base]
  prompts    = prompts.all
  per_prompt = 4

  fidelity {
    reference = sampler.world
    encoder   = encoder.clip
  }
}
