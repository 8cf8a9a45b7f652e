experiment "smallest" {}
