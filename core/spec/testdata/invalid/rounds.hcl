experiment "x" {}

variable "unused" { default = 1 }

prompts "color" { list = ["a red square", "a blue square"] }
sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}

# Collides with a round's name, and with what the last round's is called.
images "drawn_2" {
  sampler = sampler.base
  prompts = prompts.color
}

labels "crowd" {
  images = images.drawn_2
  rater  = rater.crowd
}

rounds "feedback" {
  count = 3
  model = sampler.base

  images "drawn" {
    sampler = round.modle
    prompts = prompts.color
  }

  labels "crowd" {
    images = images.darwn
    rater  = rater.crowd
    count  = 0
    select = "uncertain"
  }

  reward "feedback" "learned" {
    encoder = encoder.clip
    labels  = round.labels
    hidden  = round
  }

  finetune "tuned" {
    sampler = round.model
    reward  = round.reward # none in the first
    images  = images.drawn
    steps   = 0

    loss "reward_weighted" {}
  }

  finetune "again" {
    sampler = finetune.tuned
    images  = images.drawn

    loss "denoising" {}
  }

  images "drawn" {
    sampler = sampler.base
    prompts = prompts.color
  }

  images "1st" {
    sampler = sampler.base
    prompts = prompts.color
  }

  rater "critic" "own" {}

  evaluate "each" {
    models  = [finetune.tuned]
    prompts = prompts.color
  }

  rounds "inner" {
    count = 2
    model = sampler.base
  }
}

# Without rewards and labels, and with too many rewards.
rounds "feedback" {
  count = 101
  model = sampler.bse

  images "bare" {
    sampler = sampler.base
    prompts = round.labels
  }

  labels "bare" {
    images = images.bare
    rater  = rater.crowd
    count  = 1
    select = "uncertain"
  }
}

rounds "several" {
  count = 2
  model = null

  reward "clip_score" "a" {
    encoder = encoder.clip
  }

  reward "clip_score" "b" {
    encoder = round.reward
  }
}

rounds "empty" {
  count = "many"
  modle = sampler.base
}

rounds "circle" {
  count = 2
  model = sampler.base

  images "own" {
    sampler = finetune.own
    prompts = prompts.color
  }

  finetune "own" {
    sampler = round.model
    images  = images.own

    loss "denoising" {}
  }
}

images "outside" {
  sampler = round.model
  prompts = prompts.color
}

evaluate "main" {
  models  = [sampler.base, finetune.tuned_4, finetune.tuned]
  prompts = prompts.color
}
