experiment "x" {}

sampler "shapes" "base" {}
sampler "shapes_scenes" "base" {}
sampler "shapes" "a b" {}

prompts "all" { list = ["a red square"] }
prompts "color" { list = ["a red square"] }
prompts "color" { list = ["a green square"] }

plugin "redness" { source = "./redness" }
plugin "redness" { source = "" }

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}

finetune "base" {
  sampler = sampler.base
  images  = images.drawn

  loss "denoising" {}
}

evaluate "main" {
  models  = [sampler.base]
  prompts = prompts.all
}

evaluate "main" {
  models  = [sampler.base]
  prompts = [prompts.all, prompts.color]
}
