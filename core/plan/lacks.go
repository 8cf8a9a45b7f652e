package plan

import (
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
)

// lacks collects what a node needs that is not there.
func (b *builder) lacks(node *Node) diag.List {
	var paths []string
	if node.Instance != nil {
		paths = append(paths, node.Instance.paths...)
	}
	if work, ok := node.Work.(reader); ok {
		paths = append(paths, work.reads()...)
	}
	var list diag.List
	for _, path := range paths {
		if missing, ok := b.spec.Missing[path]; ok && !slices.Contains(list, missing) {
			list = append(list, missing)
		}
	}
	return list
}
