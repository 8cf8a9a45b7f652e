# A first experiment: does tuning on a learned reward align the model, also on objects
# that nobody labelled? It is in the world of shapes, and takes a minute or two.
#
#   plumb validate experiment.hcl    all mistakes, with line and way out
#   plumb plan experiment.hcl        what would run, and what it could find
#   plumb run experiment.hcl         run it again after an edit: only what changed runs
#   plumb reference evaluate         any block or word of this file, explained

experiment "EXPERIMENT" {
  description = "a learned reward beside the CLIP score, and what tuning on it gives"
  seed        = var.seed
}

variable "seed" {
  description = "every random choice is derived from it"
  default     = 1
}

variable "auxiliary_weight" {
  description = "lambda: weight of the prompt-classification loss; 0 leaves it out"
  default     = 0.5
}

locals {
  objects  = ["ring", "moon", "triangle", "cross", "heart", "bar"]
  held_out = ["triangle", "bar"] # never labelled, never rewarded: only evaluated
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = ["red", "orange", "yellow", "green", "blue", "purple"], object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "background" {
  template = "a {object} {background}"
  slots    = { object = local.objects, background = ["on grass", "on sand", "at night", "in snow"] }
  unseen   = { object = local.held_out }
}

# The model to be tuned, the encoder that rewards read, and who labels: nine simulated
# raters. `plumb reference shapes_judge` says what they can be told.
sampler "shapes" "base" {
  guidance_scale      = 1.5
  num_inference_steps = 6
  solver              = "dpmpp_2m"
}

encoder "shapes_clip" "clip" {}

rater "shapes_judge" "crowd" {
  raters     = 9
  error_rate = 0.08
}

# Images of the model, labelled good or bad. People can label in place of the raters:
# path = "labels.csv" here, and `plumb export experiment.hcl sample/labelled sheet
# --label-sheet` writes the images and the file to fill in.
images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = 10
}

labels "human" {
  images = images.labelled
  rater  = rater.crowd
}

# Two rewards: one that is learned from the labels, and one that learns from nobody. A
# reward of your own: plumb plugin new reward mine --lang python
reward "feedback" "learned" {
  encoder  = encoder.clip
  labels   = labels.human
  products = true
  steps    = 300

  auxiliary "prompt_classification" {
    weight = var.auxiliary_weight
  }
}

reward "clip_score" "clip_score" {
  encoder = encoder.clip
}

finetune "tuned" {
  sampler       = sampler.base
  reward        = reward.learned
  images        = images.labelled
  steps         = 200
  batch_size    = 32
  learning_rate = 2e-3
  schedule      = "cosine"
  ema_decay     = 0.98
  trainable     = "conditioning"

  loss "reward_weighted" {}
}

evaluate "main" {
  models     = [sampler.base, finetune.tuned]
  prompts    = prompts.all
  per_prompt = 4
  rewards    = [reward.clip_score, reward.learned]

  alignment {
    rater = rater.crowd
  }

  reward_card {} # what the rewards see, and how far their scores are probabilities

  best_of { # choosing in place of tuning
    sampler = sampler.base
    reward  = reward.learned
    n       = 16
    keep    = 4
    against = [finetune.tuned]
  }
}
