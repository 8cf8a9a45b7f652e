# The loop of Lee et al. 2023 with people in it: you. In the miniature world of shapes
# you label 60 images, a reward is fitted on your labels and a model tuned by it, and
# three of you judge 28 of its images mixed with 28 of the base model, without knowing
# which is whose. All else takes a minute or two.
#
#   plumb label experiments/label_shapes.hcl     # draws the images and asks you
#   plumb run experiments/label_shapes.hcl       # goes on; asks to be judged
#   plumb label experiments/label_shapes.hcl     # the same again, of the models' images
#   plumb run experiments/label_shapes.hcl       # the tables
#
# Sixty labels of one person show how it goes, not that it helps: `plumb plan` says what
# difference so few images can find.

experiment "label_shapes" {
  description = "people label and judge, in the miniature world of shapes"
  seed        = var.seed
}

compute {
  backend = "auto"
}

variable "seed" {
  description = "changes everything random after the shipped weights"
  default     = 1
}

variable "raters" {
  description = "how many of you judge each image of the models; the paper asks nine"
  default     = 3
}

locals {
  objects  = ["ring", "moon", "heart", "bar"]
  held_out = ["bar"]
}

prompts "count" {
  template = "{count} {object}"
  slots    = { count = ["one", "two", "three"], object = local.objects }
  unseen   = { object = local.held_out }
}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = ["red", "green", "blue", "yellow"], object = local.objects }
  unseen   = { object = local.held_out }
}

sampler "shapes" "base" {
  guidance_scale      = 1.5
  num_inference_steps = 6
  solver              = "dpmpp_2m"
}

sampler "shapes_scenes" "world" {}

encoder "shapes_clip" "clip" {}

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  limit      = 20
  per_prompt = 3
}

images "unlabelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = 8
}

labels "people" {
  images = images.labelled

  people {
    per_image    = 1
    together     = 3
    order        = "balanced"
    repeated     = 0.1
    attention    = 0.05
    instructions = <<-TEXT
      Good: the image shows what the text says, and nothing that it does not say.
      Bad: a wrong number, color or shape.
      Skip: you cannot tell.
      "one" and "a" mean exactly one. Sizes, places and backgrounds do not matter unless the text names them.
    TEXT
  }
}

reward "clip_score" "clip_score" {
  encoder = encoder.clip
}

reward "feedback" "of_people" {
  encoder  = encoder.clip
  labels   = labels.people
  products = true
  steps    = 300
}

finetune "tuned" {
  sampler       = sampler.base
  reward        = reward.of_people
  images        = [images.labelled, images.unlabelled]
  steps         = 160
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
  per_prompt = 1
  rewards    = [reward.clip_score, reward.of_people]

  alignment {
    people {
      per_image = var.raters
      together  = 3
    }
  }

  fidelity {
    reference = sampler.world
    encoder   = encoder.clip
  }
}
