experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}
rater "shapes_judge" "crowd" {}
encoder "shapes_clip" "clip" {}
reward "clip_score" "clip" { encoder = encoder.clip }

reward "feedback" "learned" {
  encoder = encoder.clip
  labels  = labels.circle
}

images "drawn" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 4
}

labels "two_sources" {
  images = images.drawn
  rater  = rater.crowd

  people {}
}

labels "three_sources" {
  images = images.drawn
  rater  = rater.crowd
  path   = "model.safetensors"

  people {}
}

labels "twice" {
  images = images.drawn

  people {}
  people {}
}

labels "ranges" {
  images = images.drawn

  people {
    per_image = 0
    together  = 50
    order     = "balancd"
    repeated  = 1
    attention = 0.9
  }
}

labels "words" {
  images = images.drawn

  people {
    per_pair     = 2
    rater        = rater.crowd
    instructions = ["Good", "Bad"]
  }
}

labels "unsure" {
  images = images.drawn

  people { order = "uncertain" }
}

labels "by_and_random" {
  images = images.drawn

  people {
    order = "random"
    by    = reward.clip
  }
}

labels "by_a_rater" {
  images = images.drawn

  people {
    order = "uncertain"
    by    = rater.crowd
  }
}

labels "circle" {
  images = images.drawn

  people {
    order = "uncertain"
    by    = reward.learned
  }
}

labels "one_prompt" {
  images = images.drawn

  people { attention = 0.1 }
}

labels "gold" {
  images = images.drawn

  people { gold = "model.safetensor" }
}

comparisons "of_labels" {
  labels = labels.gold

  people {}
}

comparisons "images" {
  people {
    per_image = 2
    together  = 3
    attention = 0.1
  }
}

evaluate "main" {
  models  = [sampler.base]
  prompts = prompts.all

  alignment {
    rater = rater.crowd

    people {}
  }
}
