experiment "two words" {
  sed         = -1
  seed        = -1
  description = ["a", "list"]
}

experiment "again" {
  seed = 1.5
}
