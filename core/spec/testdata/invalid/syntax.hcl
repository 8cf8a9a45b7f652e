experiment "x" {
  seed = = 1
}

sampler "unknown" "base" {}
