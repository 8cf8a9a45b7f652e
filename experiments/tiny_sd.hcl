# The paper's graph as in lee2023_sd15.hcl, every kind of stage of it, on models
# of Stable Diffusion's and CLIP's architecture that are tiny and random: WHAT
# COMES OUT MEANS NOTHING. It shows how the blocks are written and that they fit
# together, in half a minute. The unet has one level in the place of four, so that a
# compiler is done with it soon. For the real thing, see lee2023_sd15.hcl.

experiment "tiny_random_sd" {
  description = "Stable Diffusion and CLIP with tiny, random weights: pictures, labels, scores and tables mean nothing"
  seed        = 1
}

locals {
  steps = 3
}

prompts "color" {
  template = "a {color} colored {object}"
  slots    = { color = ["red", "green"], object = ["cat", "dog", "bird"] }
  unseen   = { object = ["bird"] }
}

prompts "captions" {
  list = ["a red moon", "three blue crosses", "a purple ring in snow"]
}

sampler "stable_diffusion" "tiny_random" {
  weights             = "tiny_sd/model"
  guidance_scale      = 7.5
  num_inference_steps = 4
  height              = 64
  width               = 64
}

encoder "clip" "tiny_random" {
  weights = "../plugins/ml/models/testdata/tiny-clip"
}

# They do not look at images either.
rater "chance" "nobody" {}

images "labelled" {
  sampler    = sampler.tiny_random
  prompts    = prompts.color
  split      = "seen"
  per_prompt = 2
}

images "unlabelled" {
  sampler = sampler.tiny_random
  prompts = prompts.captions
}

# Eight scenes of the world of shapes, rendered, with captions.
images "pictures" {
  path  = "tiny_sd/pictures"
  width = 64
}

# The file says good and bad in turns.
labels "made_up" {
  images = images.labelled
  path   = "tiny_sd/labels.csv"
}

reward "clip_score" "clip_score" {
  encoder = encoder.tiny_random
}

reward "feedback" "no_auxiliary" {
  encoder          = encoder.tiny_random
  labels           = labels.made_up
  hidden_units     = 16
  steps            = 20
  validation_share = 0
}

reward "feedback" "with_auxiliary" {
  encoder          = encoder.tiny_random
  labels           = labels.made_up
  hidden_units     = 16
  steps            = 20
  validation_share = 0

  auxiliary "prompt_classification" {
    weight      = 0.5
    temperature = 2
    negatives   = 2
  }
}

# All weights of the unet.
finetune "labelled" {
  sampler                = sampler.tiny_random
  reward                 = reward.with_auxiliary
  images                 = images.labelled
  steps                  = local.steps
  batch_size             = 2 # images a step of each loss, however few pass through the network at once
  learning_rate          = 1e-4
  warmup_steps           = 0
  micro_batch_size       = 1
  gradient_checkpointing = true

  loss "reward_weighted" {}
}

# In half precision.
finetune "unlabelled" {
  sampler       = sampler.tiny_random
  reward        = reward.with_auxiliary
  images        = [images.labelled, images.unlabelled]
  steps         = local.steps
  batch_size    = 2
  learning_rate = 1e-4
  warmup_steps  = 0
  precision     = "bfloat16"

  loss "reward_weighted" {}
}

# Adapters alone.
finetune "full" {
  sampler        = sampler.tiny_random
  reward         = reward.with_auxiliary
  images         = [images.labelled, images.unlabelled]
  steps          = local.steps
  batch_size     = 2
  learning_rate  = 1e-3
  warmup_steps   = 0
  prompt_dropout = 0.1
  min_snr_gamma  = 5

  lora {
    rank    = 4
    alpha   = 4
    targets = ["to_q", "to_k", "to_v", "to_out.0"]
  }

  loss "reward_weighted" {}

  loss "pretraining" {
    weight = 0.5
    images = images.pictures
  }
}

evaluate "test" {
  models = [
    sampler.tiny_random,
    finetune.labelled, finetune.unlabelled, finetune.full,
  ]
  prompts = prompts.color
  rewards = [reward.clip_score, reward.no_auxiliary, reward.with_auxiliary]

  alignment {
    rater = rater.nobody
  }

  best_of {
    sampler = sampler.tiny_random
    reward  = reward.with_auxiliary
    n       = 2
    keep    = 1
    against = [finetune.full]
  }

  # The control: the same images, chosen by the CLIP score.
  best_of {
    sampler = sampler.tiny_random
    reward  = reward.clip_score
    n       = 2
    keep    = 1
  }
}

# Features of the tiny CLIP, where the paper has those of Inception-v3.
evaluate "pictures" {
  models = [
    sampler.tiny_random,
    finetune.labelled, finetune.unlabelled, finetune.full,
  ]
  prompts = prompts.captions

  fidelity {
    reference = images.pictures
    encoder   = encoder.tiny_random
  }
}
