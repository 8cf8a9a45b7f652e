experiment "x" {}

variable "no_value" {}

variable "typo" {
  type = nmber
}

variable "wrong_default" {
  type    = list(number)
  default = "many"
}

variable "refers" { default = var.typo }

variable "typo" { default = 2 }

variable "checked" {
  default = 3

  validation {
    condition     = var.checked < 3
    error_message = "It must be below 3, not ${var.checked}."
  }

  validation {
    condition     = local.x
    error_message = "Never seen."
  }

  validation {
    condition = var.checked
  }
}

variable "cased" { default = True }
