experiment "x" {}

prompts "color" { list = ["a red square", "a blue circle"] }
sampler "shapes" "base" {}

sampler "shapes" "guided" {
  guidance_scale = 5
}

sampler "shapes" "hasty" {
  num_inference_steps = 2
}

rater "shapes_judge" "crowd" {}

evaluate "simulated" {
  models  = [sampler.base, sampler.guided, sampler.hasty]
  prompts = prompts.color

  preference {
    rater = rater.crowd
    pairs = "all"
  }
}

evaluate "from_a_file" {
  models  = [sampler.base, sampler.guided]
  prompts = prompts.color

  preference {
    path = "pairs.csv"
  }
}

evaluate "people" {
  models   = [sampler.base, sampler.guided]
  baseline = sampler.guided
  prompts  = prompts.color

  preference {
    people {
      per_pair  = 3
      order     = "disagreement"
      attention = 0.02
      gold      = "pairs.csv"
    }
  }
}
