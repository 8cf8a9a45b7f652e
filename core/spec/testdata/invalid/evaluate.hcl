experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}
sampler "shapes_scenes" "world" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}
reward "clip_score" "clip" { encoder = encoder.clip }

evaluate "main" {
  models   = [sampler.base]
  baseline = sampler.world
  prompts  = prompts.all

  alignment {}
  alignment { rater = reward.clip }

  fidelity {
    encoder = encoder.clip
  }

  best_of {
    sampler = sampler.base
    reward  = reward.clip
    n       = 4
    keep    = 5
  }

  best_off {}
}

evaluate "empty" {}

evaluate "two_judges" {
  models  = [sampler.base]
  prompts = prompts.all

  alignment {
    rater = rater.crowd
    path  = "../valid/labels.csv"
  }
}

evaluate "nobody" {
  models  = [sampler.base]
  prompts = prompts.all

  best_of {
    sampler = sampler.base
    reward  = reward.clip
    n       = 4
    keep    = 1
  }

  best_of {
    sampler = sampler.base
    reward  = reward.clip
    n       = 4
    keep    = 1
  }
}
