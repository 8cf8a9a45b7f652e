experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "small" {}
sampler "large" "base" {}

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}

finetune "mistyped" {
  sampler   = sampler.base
  precison  = "float32"
  precision = "float16"

  lora {
    rnak = 8
    rank = 0
  }

  loss "pretraining" { images = images.drawn }
}

# What one component takes, another does not.
finetune "other" {
  sampler   = sampler.small
  precision = "bfloat16"

  lora {}

  loss "pretraining" { images = images.drawn }
}

# What is unknown because of another mistake is not reported twice.
finetune "of_nothing" {
  sampler   = sampler.bsae
  precision = "bfloat16"

  lora { rank = 8 }

  loss "pretraining" { images = images.drawn }
}
