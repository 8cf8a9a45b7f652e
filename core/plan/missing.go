package plan

import (
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
)

// missing collects what a node needs that is not there.
func (b *builder) missing(node *Node) diag.List {
	var paths []string
	if node.Instance != nil {
		paths = append(paths, node.Instance.paths...)
	}
	if work, ok := node.Work.(reader); ok {
		paths = append(paths, work.reads()...)
	}
	var list diag.List
	for _, path := range paths {
		if one, ok := b.spec.Missing[path]; ok && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}
