experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}
sampler "shapes_scenes" "world" {}
encoder "shapes_clip" "clip" {}
reward "clip_score" "clip" { encoder = encoder.clip }

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}

finetune "untunable" {
  sampler = sampler.world
  reward  = reward.clip
  images  = images.drawn

  loss "anything" {}
}

finetune "no_reward" {
  sampler = sampler.base
  images  = [images.drawn]

  loss "reward_weighted" {}
}

finetune "no_images" {
  sampler = sampler.base
  reward  = reward.clip

  loss "reward_weighted" {}
}

finetune "no_loss" {
  sampler = sampler.base
}

finetune "useless" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn

  loss "pretraining" { images = images.drawn }
}

finetune "uniform" {
  sampler = sampler.base
  reward  = reward.clip
  weights = "uniform"
  images  = images.drawn

  loss "reward_weighted" {}
}

finetune "options" {
  sampler      = sampler.base
  reward       = reward.clip
  images       = images.drawn
  steps        = 10
  warmup_steps = 11
  schedule     = "linear"
  ema_decay    = 2
  lerning_rate = 1

  loss "reward_wieghted" {}

  loss "pretraining" {
    weight    = -1
    normalize = true
    images    = images.draw
  }
}
