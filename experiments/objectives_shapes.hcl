# Objectives side by side in the miniature world of shapes: the paper's, its parts,
# and others that learn from the same labels. All see the same drawn images, labels
# and steps, and the same number of images a step and loss; the full method also sees
# images of its pre-training loss.

experiment "objectives_shapes" {
  description = "fine-tuning objectives in the miniature world of shapes"
  seed        = var.seed
}

variable "seed" {
  description = "changes everything random after the shipped weights"
  default     = 1
}

variable "steps" {
  description = "fine-tuning steps"
  default     = 200
}

variable "learning_rate" {
  description = "highest learning rate of the denoising objectives"
  default     = 2e-3
}

variable "reference_learning_rate" {
  description = "highest learning rate of the objectives against a reference"
  default     = 5e-4
}

# What each objective has of its own. Rates and betas of the two against a reference
# were tried on another seed than the ablation's; the others are as in other files.
variable "pretraining_weight" {
  description = "weight of the pre-training loss beside rewards of mean 1"
  default     = 0.3
}

variable "temperature" {
  description = "of the exponential weighting: what scores are divided by"
  default     = 0.2
}

variable "share" {
  description = "of each prompt's images that the best-share weighting trains on"
  default     = 0.25
}

variable "kto_beta" {
  description = "how closely diffusion_kto keeps to the base model"
  default     = 1000
}

variable "dpo_beta" {
  description = "how closely diffusion_dpo keeps to the base model"
  default     = 2000
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
  limit  = 120
}

# What is tuned, what is real, what sees, and who judges.
sampler "shapes" "base" {
  guidance_scale      = 1.5
  num_inference_steps = 6
  solver              = "dpmpp_2m"
}

sampler "shapes_scenes" "world" {}

# What the base model was pre-trained on: scenes that often show something else
# than their caption says, least often where it says "a".
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

encoder "shapes_clip" "clip" {}

rater "shapes_judge" "crowd" {
  raters     = 9
  error_rate = 0.08
  skip_rate  = 0.04
}

# What all of them learn from.
images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = 12
}

labels "human" {
  images = images.labelled
  rater  = rater.crowd
}

# Pairs of the same labels: a good image is better than a bad one of its prompt.
comparisons "human" {
  labels     = labels.human
  per_prompt = 12
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

images "web" {
  sampler    = sampler.web
  prompts    = [prompts.count, prompts.combination]
  per_prompt = 60
}

images "web_of_one" {
  sampler    = sampler.web_of_one
  prompts    = [prompts.color, prompts.background]
  per_prompt = 60
}

# The paper's full method (Lee et al. 2023, eq. 3).
finetune "full" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {}

  loss "pretraining" {
    weight = var.pretraining_weight
    images = [images.web, images.web_of_one]
  }
}

# Its first term alone, and other ways from scores to weights.
finetune "reward_weighted" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {}
}

finetune "exponential" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {
    weighting   = "exponential"
    temperature = var.temperature
  }
}

finetune "best_share" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {
    weighting = "best"
    share     = var.share
  }
}

# The control: no reward, no labels.
finetune "denoising" {
  sampler       = sampler.base
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "denoising" {}
}

# From the labels and their pairs, without a reward, held to the base model.
finetune "kto" {
  sampler       = sampler.base
  labels        = labels.human
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.reference_learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "diffusion_kto" {
    beta = var.kto_beta
  }
}

finetune "dpo" {
  sampler       = sampler.base
  comparisons   = comparisons.human
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.reference_learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "diffusion_dpo" {
    beta = var.dpo_beta
  }
}

evaluate "main" {
  models = [
    sampler.base, finetune.full, finetune.reward_weighted, finetune.exponential,
    finetune.best_share, finetune.denoising, finetune.kto, finetune.dpo,
  ]
  baseline   = sampler.base
  prompts    = prompts.all
  per_prompt = 4
  limit      = 150
  rewards    = [reward.learned]

  alignment {
    rater = rater.crowd
  }

  fidelity {
    reference = sampler.world
    encoder   = encoder.clip
  }
}
