package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Watched returns p with a hook that sees each layer's output while the graph is
// built: the node that the layer gives to Out, and its path. Tests use it to compare
// a network with another one block by block.
func (p Params) Watched(see func(path string, y *Node)) Params {
	p.see = see
	return p
}

// Out returns y, the output of the layer at p, and shows it to the hook of Watched.
func (p Params) Out(y *Node) *Node {
	if p.see != nil {
		p.see(p.path, y)
	}
	return y
}
