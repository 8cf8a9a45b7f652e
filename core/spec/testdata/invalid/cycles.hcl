experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}

images "own" {
  sampler = finetune.own
  prompts = prompts.color
}

labels "human" {
  images = images.own
  rater  = rater.crowd
}

reward "feedback" "feedback" {
  encoder = encoder.clip
  labels  = labels.human
}

finetune "own" {
  sampler = sampler.base
  reward  = reward.feedback
  images  = images.own

  loss "reward_weighted" {}
}

finetune "first" {
  sampler = finetune.second
  images  = images.own

  loss "denoising" {}
}

finetune "second" {
  sampler = finetune.first
  images  = images.own

  loss "denoising" {}
}
