experiment "warnings" {}

prompts "color" {
  template = "a {color} {object}"
  slots    = { color = ["red", "red", "blue"], object = ["circle", "star"] }
  unseen   = { object = ["star"] }
}

prompts "same" {
  list = ["a red star", "a red star"]
}

sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}

images "all" {
  sampler = sampler.base
  prompts = prompts.all
}

labels "human" {
  images = images.all
  rater  = rater.crowd
}

reward "feedback" "feedback" {
  encoder = encoder.clip
  labels  = labels.human
}

finetune "short" {
  sampler = sampler.base
  reward  = reward.feedback
  images  = images.all
  steps   = 10

  loss "reward_weighted" {}
}

images "found" {
  path = "left_out" # an image that nothing speaks of, and one of an unseen prompt
}

labels "of_found" {
  images = images.found
  path   = "labels.csv"
}

reward "feedback" "of_found" {
  encoder = encoder.clip
  labels  = labels.of_found
}

images "of_one_category" {
  sampler = sampler.base
  prompts = prompts.color
}

evaluate "main" {
  models  = [sampler.base]
  prompts = prompts.same

  fidelity {
    reference = images.of_one_category # not of the evaluation's prompts
    encoder   = encoder.clip
  }
}
