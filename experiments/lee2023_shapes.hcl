# The study of Lee et al. 2023 in the miniature world of shapes: what the
# ablations beside this folder vary. One run of it is the quickstart with more
# prompts, labels and fine-tuning.

experiment "lee2023_shapes" {
  description = "the study of Lee et al. 2023 in the miniature world of shapes"
  seed        = var.seed
}

variable "seed" {
  description = "changes everything random after the shipped weights"
  default     = 1
}

# What the labels are about.
variable "label_prompts" {
  description = "how many of the seen prompts are labelled"
  default     = 120
}

variable "images_per_prompt" {
  description = "labelled images of each of these prompts"
  default     = 20
}

variable "label_fraction" {
  description = "share of these images whose labels the rewards learn from"
  default     = 1.0
}

# The reward.
variable "auxiliary_weight" {
  description = "lambda: weight of the prompt-classification loss"
  default     = 0.5
}

variable "temperature" {
  description = "T of the prompt-classification loss"
  default     = 2
}

variable "temperature_on" {
  description = "whether T divides the reward (sigmoid) or the logit under it (logit)"
  default     = "sigmoid"
}

variable "products" {
  description = "whether the rewards read the terms of the cosine beside the two embeddings"
  default     = true
}

# The fine-tuning. The paper states neither beta nor the learning rate.
variable "pretraining_weight" {
  description = "weight of the pre-training loss beside rewards of mean 1; times the mean reward it is the paper's beta"
  default     = 0.3
}

variable "steps" {
  description = "fine-tuning steps"
  default     = 400
}

variable "learning_rate" {
  description = "highest learning rate of the fine-tuning"
  default     = 2e-3
}

variable "trainable" {
  description = "what is tuned: all weights of the image network, or its conditioning alone"
  default     = "conditioning"
}

# Rejection sampling.
variable "best_of" {
  description = "images drawn per prompt, of which the reward keeps one"
  default     = 16
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

# All 432, of which the category above has 120: for the evaluation alone.
prompts "any_combination" {
  template = "{count} {color} {object} {background}"
  slots = {
    count      = local.counts
    color      = local.colors
    object     = local.objects
    background = local.backgrounds
  }
  unseen = { object = local.held_out }
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

# Images of the base model, labelled by the crowd.
images "labelled" {
  sampler    = sampler.base
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.combination]
  split      = "seen"
  limit      = var.label_prompts
  per_prompt = var.images_per_prompt
}

images "unlabelled" {
  sampler    = sampler.base
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.combination]
  split      = "seen"
  per_prompt = 4
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

labels "human" {
  images   = images.labelled
  rater    = rater.crowd
  fraction = var.label_fraction
}

# Rewards: the CLIP-score baseline, and a learned one without and with the
# auxiliary prompt-classification loss. Both also read the products of the two
# embeddings, which the paper's reward does not.
reward "clip_score" "clip_score" {
  encoder = encoder.clip
}

reward "feedback" "no_auxiliary" {
  encoder  = encoder.clip
  labels   = labels.human
  products = var.products
  steps    = 300
}

reward "feedback" "with_auxiliary" {
  encoder  = encoder.clip
  labels   = labels.human
  products = var.products
  steps    = 300

  auxiliary "prompt_classification" {
    weight      = var.auxiliary_weight
    temperature = var.temperature
    on          = var.temperature_on
    negatives   = 9
  }
}

# Fine-tuning: labelled images; with unlabelled ones; with the pre-training loss.
# Only the text conditioning is tuned: tuning all weights makes the network forget the
# held-out objects, which no rewarded image shows (ablations/trainable.hcl).
finetune "labelled" {
  sampler       = sampler.base
  reward        = reward.with_auxiliary
  images        = [images.labelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = var.trainable

  loss "reward_weighted" {}
}

finetune "unlabelled" {
  sampler       = sampler.base
  reward        = reward.with_auxiliary
  images        = [images.labelled, images.unlabelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = var.trainable

  loss "reward_weighted" {}
}

finetune "full" {
  sampler       = sampler.base
  reward        = reward.with_auxiliary
  images        = [images.labelled, images.unlabelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = var.trainable

  loss "reward_weighted" {}

  loss "pretraining" {
    weight = var.pretraining_weight
    images = [images.web, images.web_of_one]
  }
}

# Controls: the full method without a reward, all else the same, and tuning without the
# model's images.
finetune "no_reward" {
  sampler       = sampler.base
  images        = [images.labelled, images.unlabelled]
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = var.trainable

  loss "denoising" {}

  loss "pretraining" {
    weight = var.pretraining_weight
    images = [images.web, images.web_of_one]
  }
}

finetune "pretraining_only" {
  sampler       = sampler.base
  steps         = var.steps
  batch_size    = 32
  learning_rate = var.learning_rate
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = var.trainable

  loss "pretraining" {
    images = [images.web, images.web_of_one]
  }
}

# 240 seen prompts and 120 unseen ones, categories in the same proportions.
evaluate "main" {
  models = [
    sampler.base, finetune.labelled, finetune.unlabelled, finetune.full,
    finetune.no_reward, finetune.pretraining_only,
  ]
  baseline   = sampler.base
  prompts    = [prompts.count, prompts.color, prompts.background, prompts.any_combination]
  per_prompt = 4
  limit      = 360
  rewards    = [reward.clip_score, reward.no_auxiliary, reward.with_auxiliary]

  alignment {
    rater = rater.crowd
  }

  fidelity {
    reference = sampler.world
    encoder   = encoder.clip
  }

  best_of {
    sampler = sampler.base
    reward  = reward.with_auxiliary
    n       = var.best_of
    keep    = 1
    against = [finetune.full]
  }

  # The control: the same images, chosen by the CLIP score.
  best_of {
    sampler = sampler.base
    reward  = reward.clip_score
    n       = var.best_of
    keep    = 1
  }
}
