experiment "x" {}

sampler "shaps" "typo" {}

sampler "preference" "elsewhere" {}

rater "people" "unknown" {}

sampler "shapes" "base" {
  guidance_scal       = 3
  num_inference_steps = 2.5
  solver              = "dpmpp_2n"
  weights             = "modell.safetensors"
  encoder             = encoder.clip
}

sampler "shapes" "bounds" {
  guidance_scale      = 31
  num_inference_steps = 0
  solver              = 1
  weights             = ""
}

encoder "shapes_clip" "clip" {
  images = images.drawn
}

encoder "pca" "pca" {
  layers = [64, 0, "many"]
  center = "perhaps"
}

encoder "pca" "null" {
  layers     = [64, 0]
  vocabulary = null
}

reward "clip_score" "clip" {
  labels = labels.human
}

reward "preference" "aux" {
  encoder = encoder.clip

  auxiliary "prompt_clasification" {}
  auxiliary "none" { wieght = 1 }
  auxiliary "none" {}
  head { dropout = "high" }
  head {}
}

reward "strict" "strict" {}

reward "odd" "odd" {}
