experiment "plugins" {}

plugin "nothing" {}
plugin "empty" { source = "" }
plugin "builtin" { source = "./builtin" }
plugin "typed" {
  source      = ["./typed"]
  command     = "python"
  environment = ["HF TOKEN", "PLUMB_PLUGIN", ""]
  silence     = 90
  device      = "cuda:first"
  dtype       = "float8"
}
plugin "paths" {
  source  = "./paths"
  files   = ["../secret", "/etc/passwd", "[a"]
  silence = "0s"
}
plugin "typo" {
  source = "./typo"
  env    = ["A"]
}

sampler "shapes" "base" {}
reward "redness/beauty" "a" {}
reward "typo/beauty" "b" {}
reward "bultin/beauty" "c" {}
plugin "far" {
  source = "../far/far.py"
  files  = ["../far/*.json", "../further/*.json"]
}
plugin "far" { source = "./far" }
reward "beauty" "d" {}
reward "beautiful" "e" {}
