package plan

import "github.com/plumb-ml/plumb/core/record"

// Work is the typed configuration of a stage. Its JSON, with sorted keys, is part
// of the key; fields that must not be are marked so. There is a type for each kind
// of stage, in the file of its name with what plans it; package stage has a file of
// the same name that does it.
//
// A Work that reads files of the user is also a reader, and one that takes in what
// no component makes is a source.
type Work interface {
	// kind is what records call the stage, and the version of the code that does
	// it. Raise the version when that code, in package stage or in a metric, gives
	// other results than before for the same inputs: it is in every key.
	kind() (kind record.Kind, version string)
	// items is how much the stage has to work through, and in what unit; 0 if that
	// is not known before it runs.
	items() (int, string)
}

type reader interface{ reads() (paths []string) }

type source interface{ source(node *Node) string }

// Items is how much the stage has to work through, and in what unit; 0 if
// that is not known before it runs.
func (n *Node) Items() (int, string) { return n.Work.items() }

// Source says where a stage without a component has it from that a component would
// make, such as "from a file"; empty for all others.
func (n *Node) Source() string {
	if from, ok := n.Work.(source); ok && n.Instance == nil {
		return from.source(n)
	}
	return ""
}
