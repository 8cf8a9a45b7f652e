experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}
rater "shapes_judge" "crowd" {}

images "nothing" {}

images "no_prompts" {
  sampler = sampler.base
}

images "both" {
  path    = "nowhere"
  sampler = sampler.base
}

images "none_unseen" {
  sampler    = sampler.base
  prompts    = prompts.color
  split      = "unsen"
  per_prompt = 0
}

images "empty" {
  sampler = sampler.base
  prompts = prompts.color
  split   = "unseen"
}

labels "nobody" {
  images = images.empty
}

labels "both" {
  images   = images.empty
  rater    = rater.crowd
  path     = "model.safetensors"
  fraction = 0
}

labels "more" {
  rater    = rater.crowd
  fraction = 1.5
}
