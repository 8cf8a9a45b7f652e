experiment "x" {}

prompts "color" { list = ["a red square"] }
sampler "shapes" "base" {}

# What its metadata says is looked at before anything runs.
images "broken" {
  path = "photographs"
}

images "no_column" {
  path    = "photographs"
  caption = "captoins"
}

images "nowhere" {
  path = "fotographs"
}

images "empty" {
  path = ""
}

images "no_folder" {
  path = "model.safetensors"
}

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
  width   = 512
  caption = "text"
}

images "settings" {
  path       = "photographs"
  prompts    = prompts.color
  per_prompt = 2
  seed       = 1
  height     = 64
  files      = "[a"
}

images "resize" {
  path   = "photographs"
  resize = "stretch"
  width  = 0
}
