package nn

// Named is a weight that a network asks for.
type Named struct {
	Name string // in the checkpoint
	Dims []int
}

// List is what a network asks for, in the order of building. build builds it,
// in a graph of its own that nobody executes, from the Params that it gets:
// these stand in for weights and take no memory. So what a checkpoint must hold
// is known before it is read.
func List(build func(p Params)) []Named {
	var list []Named
	build(Params{list: &list})
	var once []Named
	seen := map[string]bool{}
	for _, named := range list {
		if !seen[named.Name] {
			seen[named.Name] = true
			once = append(once, named)
		}
	}
	return once
}
