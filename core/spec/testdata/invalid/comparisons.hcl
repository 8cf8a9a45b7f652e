experiment "x" {}

prompts "color" { list = ["a red square", "a blue circle"] }
sampler "shapes" "base" {}
rater "shapes_judge" "crowd" {}
rater "critic" "strict" {}

images "drawn" {
  sampler    = sampler.base
  prompts    = prompts.color
  per_prompt = 2
}

images "single" {
  sampler = sampler.base
  prompts = prompts.color
}

labels "human" {
  images = images.drawn
  rater  = rater.crowd
}

labels "of_single" {
  images = images.single
  rater  = rater.crowd
}

comparisons "nothing" {}

comparisons "nobody" {
  images = images.drawn
}

comparisons "two_sources" {
  images = images.drawn
  rater  = rater.crowd
  path   = "model.safetensors"
}

comparisons "three_sources" {
  labels = labels.human
  rater  = rater.crowd
  path   = "model.safetensors"
}

comparisons "no_images" {
  rater = rater.crowd
}

comparisons "images_of_labels" {
  images = images.drawn
  labels = labels.human
}

comparisons "drawn_from_a_file" {
  images     = images.drawn
  path       = "model.safetensors"
  per_prompt = 3
}

comparisons "one_by_one" {
  images = images.drawn
  rater  = rater.strict
}

comparisons "of_single" {
  images = images.single
  rater  = rater.crowd
}

comparisons "labels_of_single" {
  labels = labels.of_single
}

comparisons "wrong" {
  images     = labels.human
  rater      = "crowd"
  per_prompt = 0
}

comparisons "wrong" {
  labels = labels.human
}

reward "feedback" "learned" {
  encoder = encoder.clip
  labels  = comparisons.nothing
}

encoder "shapes_clip" "clip" {}
