experiment "x" {}

sampler "shaps" "typo" {}

sampler "feedback" "elsewhere" {}

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

reward "feedback" "aux" {
  encoder = encoder.clip

  auxiliary "prompt_clasification" {}
  auxiliary "none" { wieght = 1 }
  auxiliary "none" {}
  head { dropout = "high" }
  head {}
}

reward "strict" "strict" {}

reward "strict" "blind" {
  encoder = encoder.clip
  head {}
}

encoder "inception" "fid" {}

reward "clip_score" "of_images" {
  encoder = encoder.fid
}

reward "beauty" "of_images_alone" {
  encoder = encoder.fid # reads no texts
}

reward "weighted_summ" "typo" {}

encoder "pca" "whole" {
  sizes      = [8, 1.5]
  vocabulary = ["a"]
}
