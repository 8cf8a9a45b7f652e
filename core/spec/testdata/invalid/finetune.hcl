experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}
sampler "shapes_scenes" "world" {}
encoder "shapes_clip" "clip" {}
reward "clip_score" "clip" { encoder = encoder.clip }

sampler "shapes" "other" {}
rater "shapes_judge" "crowd" {}

labels "human" {
  images = images.drawn
  rater  = rater.crowd
}

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

# Drawn images of a rewarded finetune are not what the model was pre-trained on.
finetune "pretraining_on_drawn" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn

  loss "reward_weighted" {}

  loss "pretraining" {}
}

finetune "weighted_on_own" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn

  loss "reward_weighted" { images = images.drawn }
}

finetune "control_with_reward" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn

  loss "denoising" {}
}

finetune "uniform" {
  sampler = sampler.base
  weights = "uniform"
  images  = images.drawn

  loss "denoising" {}
}

finetune "no_labels" {
  sampler = sampler.base
  images  = images.drawn

  loss "kto" {}
}

finetune "no_pairs" {
  sampler    = sampler.base
  labels     = labels.human
  batch_size = 3

  loss "dpo" {}
}

finetune "no_reference" {
  sampler      = sampler.base
  from_scratch = true
  labels       = labels.human

  loss "kto" {}
}

finetune "needless_reference" {
  sampler   = sampler.base
  reference = sampler.base
  images    = images.drawn

  loss "denoising" {}
}

finetune "other_reference" {
  sampler   = sampler.base
  reference = sampler.other
  labels    = labels.human

  loss "kto" {}
}

finetune "share_of_nothing" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn

  loss "reward_weighted" { share = 0.5 }
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

finetune "watched" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn
  steps   = 100

  loss "reward_weighted" {}

  evaluate {
    prompts = prompts.all
    judge   = reward.clip
    patience = 2
    keep    = "worst"
  }

  evaluate {}
}

finetune "watched_too_late" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn
  steps   = 100

  loss "reward_weighted" {}

  evaluate {
    at      = [50, 200]
    prompts = prompts.all
    judge   = sampler.base
  }
}

finetune "watched_out_of_order" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn
  steps   = 100

  loss "reward_weighted" {}

  evaluate {
    at      = [50, 20]
    prompts = prompts.all
    judge   = rater.crowd
  }
}

finetune "watched_too_often" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn
  steps   = 1000

  loss "reward_weighted" {}

  evaluate {
    every   = 1
    prompts = prompts.all
    judge   = rater.crowd
  }
}

finetune "watched_twice_as_often" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn
  steps   = 100

  loss "reward_weighted" {}

  evaluate {
    at      = [50, 100]
    every   = 50
    prompts = prompts.all
    judge   = rater.crowd
  }
}

finetune "watched_at_the_end" {
  sampler = sampler.base
  reward  = reward.clip
  images  = images.drawn
  steps   = 100

  loss "reward_weighted" {}

  evaluate {
    every   = 100
    prompts = prompts.all
    judge   = rater.crowd
  }
}

sampler "large" "big" {}

finetune "watched_in_vain" {
  sampler = sampler.big
  steps   = 100

  loss "pretraining" {
    images = images.drawn
  }

  evaluate {
    every   = 50
    prompts = prompts.all
    judge   = rater.crowd
  }
}
