experiment "base" {}

variable "scale" {}

sampler "shapes" "base" {
  guidance_scale = var.scale
}
