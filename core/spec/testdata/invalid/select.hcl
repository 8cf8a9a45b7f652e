experiment "x" {}

prompts "color" { list = ["a red square", "a blue square"] }
sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}

images "drawn" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 4
}

reward "clip_score" "clip" {
  encoder = encoder.clip
}

labels "too_many" {
  images = images.drawn
  rater  = rater.crowd
  count  = 9
}

labels "both" {
  images   = images.drawn
  rater    = rater.crowd
  count    = 2
  fraction = 0.5
}

labels "nobody_unsure" {
  images = images.drawn
  rater  = rater.crowd
  count  = 2
  select = "uncertain"
}

labels "all" {
  images = images.drawn
  rater  = rater.crowd
  select = "uncertain"
  reward = reward.clip
}

labels "at_random" {
  images = images.drawn
  rater  = rater.crowd
  count  = 2
  reward = reward.clip
}

labels "of_a_file" {
  images = images.drawn
  path   = "model.safetensors"
  count  = 2
  select = "uncertain"
  reward = reward.clip
}

labels "misspelt" {
  images = images.drawn
  rater  = rater.crowd
  count  = 2
  select = "uncertian"
  reward = reward.clip
}

# A reward that is fitted on the labels that it is to choose.
labels "circular" {
  images = images.drawn
  rater  = rater.crowd
  count  = 2
  select = "uncertain"
  reward = reward.circular
}

reward "feedback" "circular" {
  encoder = encoder.clip
  labels  = [labels.at_random, labels.circular]
}

reward "feedback" "twice" {
  encoder = encoder.clip
  labels  = [labels.both, labels.both]
}

# More than a folder has.
images "photographs" { path = "../valid/photographs" }

labels "of_a_folder" {
  images = images.photographs
  rater  = rater.crowd
  count  = 1000
}
