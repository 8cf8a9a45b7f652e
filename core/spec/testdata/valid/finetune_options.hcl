experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "large" "base" {}

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}

finetune "defaults" {
  sampler = sampler.base

  loss "pretraining" { images = images.drawn }
}

finetune "adapters" {
  sampler          = sampler.base
  steps            = 7
  precision        = "bfloat16"
  micro_batch_size = 2
  start            = "smallest.hcl"

  lora { rank = 4 }

  loss "pretraining" { images = images.drawn }
}
