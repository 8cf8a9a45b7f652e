experiment "x" {}

prompts "color" { list = ["a red square"] }

sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
rater "shapes_judge" "crowd" {}

reward "clip_score" "clip" {
  encoder = encoder.clipp
}

images "drawn" {
  sampler = base
  prompts = "color"
}

images "typo" {
  sampler = samplr.base
  prompts = prompts.colour
}

labels "human" {
  images = images.drawn
  rater  = "crowd"
}

labels "swapped" {
  images = rater.crowd
  rater  = images.drawn
}

evaluate "main" {
  models   = [sampler.base, sampler.base, encoder.clip, finetune.full, ["x"], 3]
  baseline = [sampler.base]
  prompts  = []
  rewards  = reward.crowd
}
