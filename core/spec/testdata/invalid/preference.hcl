experiment "x" {}

prompts "color" { list = ["a red square", "a red circle"] }
prompts "one" { list = ["a red square"] }
sampler "shapes" "base" {}

sampler "shapes" "guided" {
  guidance_scale = 5
}

rater "shapes_judge" "crowd" {}
rater "critic" "strict" {}
encoder "shapes_clip" "clip" {}
reward "clip_score" "clip" { encoder = encoder.clip }

evaluate "nobody" {
  models  = [sampler.base, sampler.guided]
  prompts = prompts.color

  preference {}
}

evaluate "several" {
  models  = [sampler.base, sampler.guided]
  prompts = prompts.color

  preference {
    rater = rater.crowd
    path  = "model.safetensors"

    people {}
  }
}

evaluate "one_by_one" {
  models  = [sampler.base, sampler.guided]
  prompts = prompts.color

  preference {
    rater = rater.strict
    pairs = "every"
  }
}

evaluate "one_model" {
  models  = [sampler.base]
  prompts = prompts.color

  preference {
    rater = rater.crowd
  }
}

evaluate "people" {
  models  = [sampler.base, sampler.guided]
  prompts = prompts.one

  preference {
    people {
      per_image = 3
      order     = "uncertain"
      by        = reward.clip
      attention = 0.1
      together  = 2
    }
  }
}
