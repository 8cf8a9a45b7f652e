experiment "x" {}

prompts "color" { list = ["a red square", "a blue square"] }
sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}

reward "clip_score" "clip" {
  encoder = encoder.clip
}

reward "weighted_sum" "of_nothing" {
  over = images.drawn
}

reward "weighted_sum" "without_images" {
  member {
    reward = reward.clip
    weight = 1
  }
}

reward "weighted_sum" "needless_images" {
  normalize = "none"
  over      = images.drawn

  member {
    reward = reward.clip
    weight = 1
  }
}

reward "weighted_sum" "twice" {
  normalize = "none"

  member {
    reward = reward.clip
    weight = 1
  }

  member {
    reward = reward.clip
    weight = 2
  }
}

reward "weighted_sum" "weightless" {
  normalize = "range"
  over      = images.drawn

  member {
    reward = reward.clip
    weight = 0
  }
}

reward "weighted_sum" "wrong" {
  normalize = "standart"
  encoder   = encoder.clip

  member {
    reward = encoder.clip
    wieght = 1
  }
}

reward "weighted_sum" "chicken" {
  normalize = "none"

  member {
    reward = reward.egg
    weight = 1
  }
}

reward "weighted_sum" "egg" {
  normalize = "none"

  member {
    reward = reward.chicken
    weight = 1
  }

  member {
    reward = reward.clip
    weight = 1
  }
}
