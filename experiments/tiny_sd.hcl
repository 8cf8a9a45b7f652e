# The components of the paper at full size, stable_diffusion and clip, on models
# of their architecture that are tiny and random: what comes out means nothing.
# It shows how the blocks are written, and that drawing, labels, a reward,
# fine-tuning and evaluation fit together. For the real thing, point weights at
# published directories, leave out height and width, and take many more images,
# labels and steps.

experiment "tiny_random_sd" {
  description = "Stable Diffusion and CLIP with tiny, random weights: pictures, labels and scores mean nothing"
  seed        = 1
}

prompts "words" {
  list = ["a cat", "two red dogs", "a horse on grass", "a blue car at night"]
}

sampler "stable_diffusion" "tiny_random" {
  weights             = "../plugins/ml/models/testdata/tiny-stable-diffusion"
  guidance_scale      = 7.5
  num_inference_steps = 10
  height              = 64
  width               = 64
}

encoder "clip" "tiny_random" {
  weights = "../plugins/ml/models/testdata/tiny-clip"
}

images "drawn" {
  sampler    = sampler.tiny_random
  prompts    = prompts.words
  per_prompt = 2
}

# Nobody looked at these pictures of noise: the file says good and bad in turns.
labels "made_up" {
  images = images.drawn
  path   = "tiny_sd_labels.csv"
}

reward "preference" "meaningless" {
  encoder          = encoder.tiny_random
  labels           = labels.made_up
  steps            = 20
  validation_share = 0
}

reward "clip_score" "cosine" {
  encoder = encoder.tiny_random
}

finetune "adapters" {
  sampler = sampler.tiny_random
  reward  = reward.meaningless
  images  = images.drawn

  steps         = 3
  batch_size    = 2 # images a step of each loss, however few pass through the network at once
  learning_rate = 1e-3
  warmup_steps  = 0

  # What follows is stable_diffusion's own: `plumb plugins` lists it.
  micro_batch_size = 2
  prompt_dropout   = 0.1
  min_snr_gamma    = 5

  lora {
    rank    = 4
    alpha   = 4
    targets = ["to_q", "to_k", "to_v", "to_out.0"]
  }

  loss "reward_weighted" {}

  loss "pretraining" {
    weight = 0.5
    images = images.drawn # for want of real ones
  }
}

evaluate "main" {
  models     = [sampler.tiny_random, finetune.adapters]
  prompts    = prompts.words
  per_prompt = 1
  rewards    = [reward.meaningless, reward.cosine]
}
