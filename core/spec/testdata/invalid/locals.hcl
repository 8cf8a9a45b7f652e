experiment "x" {
  description = local.missing
  seed        = local
}

locals {
  a        = local.b
  b        = [local.c]
  c        = length(local.a)
  alone    = local.alone
  mising   = unknownfunc(1)
  division = 1 / 0
}

locals {
  alone = 2
}
