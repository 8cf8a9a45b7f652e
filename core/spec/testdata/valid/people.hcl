experiment "people" {}

variable "raters" { default = 3 }

prompts "color" { list = ["a red square", "a blue circle"] }

sampler "shapes" "base" {}
encoder "shapes_clip" "clip" {}
reward "clip_score" "clip" { encoder = encoder.clip }

images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  per_prompt = 4
}

labels "people" {
  images = images.labelled

  people {}
}

labels "asked" {
  images   = images.labelled
  fraction = 0.5

  people {
    per_image    = var.raters
    together     = 4
    order        = "uncertain"
    by           = reward.clip
    repeated     = 0.05
    attention    = 0.02
    gold         = "labels.csv"
    instructions = <<-TEXT
      Good: the image shows what the text says.
      Bad: it does not.
    TEXT
  }
}

comparisons "people" {
  images     = images.labelled
  per_prompt = 5

  people {
    per_pair = 2
    order    = "disagreement"
    gold     = "pairs.csv"
  }
}

evaluate "main" {
  models  = [sampler.base]
  prompts = prompts.all

  alignment {
    people {}
  }
}

evaluate "later" {
  models  = [sampler.base]
  prompts = prompts.all

  alignment {
    people {
      per_image = 5
      order     = "random"
      gold      = "answers/gold.csv"
    }
  }
}
