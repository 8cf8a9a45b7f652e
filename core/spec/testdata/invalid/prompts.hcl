experiment "x" {}

prompts "slots" {
  template = "a {colour} {object} {size}"
  slots    = { color = ["red"], object = [], size = "big" }
}

prompts "missing" {
  template = "a {colour} {object}"
  slots    = { color = ["red"], object = ["star"] }
}

prompts "empty_word" {
  template = "a {object}"
  slots    = { object = ["star", ""] }
}

prompts "empty_list" {
  template = "a {object}"
  slots    = { object = [] }
}

prompts "held_out" {
  template = "a {object}"
  slots    = { object = ["star", "heart"] }
  unseen   = { object = ["haert"], color = ["red"] }
}

prompts "braces" {
  template = "a {big object} and { {object}"
  slots    = { object = ["star"] }
}

prompts "huge" {
  template = "{a} {b} {c}"
  slots    = { a = range(200), b = range(200), c = range(200) }
}

prompts "both" {
  template = "a {object}"
  list     = ["a star"]
}

prompts "neither" {}

prompts "list" {
  list   = ["a star", " "]
  slots  = {}
  unseen = ["a sta"]
}

prompts "nothing" {
  list = []
}

prompts "limit" {
  template = "a {object}"
  slots    = { object = ["star", "heart"] }
  unseen   = { object = ["heart"] }
  limit    = 1
}

prompts "types" {
  template = "a {object}"
  slots    = ["star"]
  limit    = 0
}
