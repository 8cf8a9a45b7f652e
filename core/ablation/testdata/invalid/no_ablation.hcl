experiment "x" {}
