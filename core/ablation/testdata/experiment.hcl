# What the ablations of this directory vary.

experiment "base" {
  seed = var.seed
}

variable "seed" { default = 1 }
variable "auxiliary_weight" { default = 0.5 }
variable "solver" { default = "ddim" }
variable "unused" { default = 0 }

variable "words" {
  type    = list(string)
  default = ["red"]
}

variable "label_fraction" {
  default = 1

  validation {
    condition     = var.label_fraction > 0 && var.label_fraction <= 1
    error_message = "A share is above 0 and at most 1."
  }
}

prompts "color" {
  template = "a {color} square"
  slots    = { color = var.words }
}

sampler "shapes" "base" {
  solver         = var.solver
  guidance_scale = var.auxiliary_weight + var.label_fraction
}

images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}
