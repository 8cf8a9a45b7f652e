experiment "x" {}

variable "rounds" { default = 2 }

prompts "color" { list = ["a red square", "a blue square"] }
sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}

rounds "feedback" {
  count = var.rounds
  model = sampler.base

  images "drawn" {
    sampler    = round.model
    prompts    = prompts.color
    per_prompt = 4 * round.number
  }

  labels "crowd" {
    images = images.drawn
    rater  = rater.crowd
    count  = 3
    select = "uncertain" # of round.reward
  }

  comparisons "pairs" {
    labels = labels.crowd
  }

  reward "feedback" "learned" {
    encoder = encoder.clip
    labels  = round.labels
  }

  reward "weighted_sum" "mix" {
    normalize = "none"

    member {
      reward = reward.learned
      weight = 0.7
    }

    member {
      reward = reward.clip
      weight = 0.3
    }
  }

  finetune "tuned" {
    sampler = round.model
    reward  = reward.mix
    images  = images.drawn
    steps   = 40

    loss "reward_weighted" {}
  }
}

# Goes on where the other ends, without tuning, and asks another reward.
rounds "labelling" {
  count = 2
  model = finetune.tuned

  images "more" {
    sampler    = round.model
    prompts    = prompts.color
    per_prompt = 4
  }

  labels "more" {
    images   = images.more
    rater    = rater.crowd
    fraction = 0.5
    select   = "uncertain"
    reward   = reward.learned
  }

  reward "clip_score" "idle" { # nothing reads it
    encoder = encoder.clip
  }
}

reward "clip_score" "clip" {
  encoder = encoder.clip
}

reward "feedback" "of_all" {
  encoder = encoder.clip
  labels  = [labels.crowd_1, labels.crowd, labels.more_1]
}

evaluate "main" {
  models  = [sampler.base, finetune.tuned_1, finetune.tuned]
  prompts = prompts.color
  rewards = [reward.learned_1, reward.learned, reward.of_all]
}
