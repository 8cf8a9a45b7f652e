experiment "x" {}

prompts "color" { list = ["a red square", "a blue square"] }
sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
encoder "inception" "fid" {}
rater "shapes_judge" "crowd" {}

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}

reward "weighted_sum" "mix" {
  over = images.drawn

  member {
    reward = reward.clip
    weight = 0.7
  }

  member {
    reward = reward.beauty
    weight = -0.3
  }
}

reward "clip_score" "clip" {
  encoder = encoder.clip
}

reward "beauty" "beauty" {
  encoder = encoder.fid # of images alone, which is all that it reads
}

reward "weighted_sum" "of_sums" {
  normalize = "none"

  member {
    reward = reward.mix
    weight = 1
  }
}

finetune "by_mix" {
  sampler = sampler.base
  reward  = reward.mix
  images  = images.drawn

  loss "reward_weighted" {}
}

evaluate "main" {
  models  = [sampler.base, finetune.by_mix]
  prompts = prompts.color
  rewards = [reward.clip, reward.mix, reward.of_sums]

  alignment {
    rater = rater.crowd
  }

  best_of {
    sampler = sampler.base
    reward  = reward.mix
    n       = 4
    keep    = 1
  }
}
