package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Watched is the same tree, with an eye on what is made in it: see is called
// with every node that a layer hands to Out, while the graph is built. It is
// how a network is compared with another one block by block.
func (p Params) Watched(see func(path string, y *Node)) Params {
	p.see = see
	return p
}

// Out is y, as the output of this place in the tree.
func (p Params) Out(y *Node) *Node {
	if p.see != nil {
		p.see(p.path, y)
	}
	return y
}
