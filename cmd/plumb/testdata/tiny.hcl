# A whole experiment in the world of tiles.

experiment "tiny" {
  description = "do tiles become redder?"
  seed        = var.seed
}

variable "seed" { default = 1 }

variable "steps" { default = 20 }

variable "learning_rate" { default = 0.01 }

variable "delay_ms" { default = 0 }

variable "crash_at" { default = -1 }

variable "constant" { default = false }

compute {
  backend = "go"
}

prompts "color" {
  template = "a {color} tile"
  slots    = { color = ["red", "pink", "rose", "wine", "brick", "coral"] }
  unseen   = { color = ["brick", "coral"] }
}

sampler "tiles" "base" {}

sampler "tiles" "slow" {
  delay_ms = var.delay_ms
  crash_at = var.crash_at
}

encoder "mean" "mean" {}

rater "eyes" "crowd" {}

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.color
  split      = "seen"
  per_prompt = 4
}

images "real" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 6
}

labels "human" {
  images   = images.labelled
  rater    = rater.crowd
  fraction = 0.75
}

reward "redness" "plain" {}

reward "redness" "learned" {
  labels   = labels.human
  constant = var.constant
}

finetune "redder" {
  sampler = sampler.slow
  reward  = reward.learned
  images  = [images.labelled]

  loss "reward_weighted" {}

  steps         = var.steps
  batch_size    = 2
  learning_rate = var.learning_rate
}

evaluate "main" {
  models     = [sampler.base, finetune.redder]
  baseline   = sampler.base
  prompts    = prompts.all
  per_prompt = 4
  rewards    = [reward.plain, reward.learned]

  alignment {
    rater = rater.crowd
  }

  fidelity {
    reference = images.real
    encoder   = encoder.mean
  }

  best_of {
    sampler = sampler.base
    reward  = reward.learned
    n       = 8
    keep    = 4
  }
}
