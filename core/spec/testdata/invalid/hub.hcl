experiment "hub" {}

prompts "file" {
  path = "hf://datasets/someone/prompts"
}

images "set" {
  path = "hf://someone/images"
}

sampler "shapes" "no_owner" {
  weights = "hf://model"
}

sampler "shapes" "place" {
  weights = "hf://someone/model/unet"
}

sampler "shapes" "revision" {
  weights = "hf://someone/model@../../main"
}

sampler "shapes" "variant" {
  weights = "hf://someone/model?fp16"
}

sampler "shapes" "id" {
  weights = "someone/model"
}
