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

images "real" {
  sampler = sampler.world
  prompts = prompts.all
}

evaluate "references" {
  models  = [sampler.base]
  prompts = prompts.all

  fidelity {
    reference  = images.real
    encoder    = encoder.clip
    per_prompt = 8
  }
}

evaluate "wrong_reference" {
  models  = [sampler.base]
  prompts = prompts.all

  fidelity {
    reference   = rater.crowd
    encoder     = encoder.clip
    per_promt   = 0
  }
}

evaluate "no_images" {
  models  = [sampler.base]
  prompts = prompts.all

  fidelity {
    reference  = "world"
    encoder    = encoder.clip
    per_prompt = 0
  }
}

evaluate "cards" {
  models  = [sampler.base]
  prompts = prompts.all

  reward_card {
    jpeg   = [90, 50, 90]
    resize = 100
    bin    = 1
    images = 0
  }

  reward_card {}
}
