promts "color" {}

sampler "base" {}

ablation "grid" {}

compute {
  backend = "cuda"
}

compute {}

title = "x"
