experiment "compared" {}

prompts "color" { list = ["a red square", "a blue circle"] }

sampler "shapes" "base" {}

rater "shapes_judge" "crowd" {}

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  per_prompt = 4
}

labels "human" {
  images = images.labelled
  rater  = rater.crowd
}

comparisons "crowd" {
  images     = images.labelled
  rater      = rater.crowd
  per_prompt = 5
}

comparisons "people" {
  images = images.labelled
  path   = "pairs.csv"
}

comparisons "later" {
  images = images.labelled
  path   = "answers/of_people.csv"
}

comparisons "from_labels" {
  labels = labels.human
}


images "folder" {
  path = "photographs"
}

comparisons "of_a_folder" {
  images = images.folder
  rater  = rater.crowd
}
