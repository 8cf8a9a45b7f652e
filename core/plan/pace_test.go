package plan

import (
	"testing"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Stages of one pace differ in settings, seeds, versions and images; not in
// components, weights or device.
func TestPace(t *testing.T) {
	node := func(change func(*Node, *Environment)) string {
		n := &Node{
			Work: &EncodeWork{Images: 3}, Seed: 3,
			Instance: &Instance{
				Kind: "encoder", Component: "clip", Identity: spec.Identity{Plugin: "builtin", Component: schema.Component{CodeVersion: "3"}}, KeyConfig: []byte(`{"batch":8}`), Seed: 12,
				contents: []string{"aa"},
			},
		}
		environment := Environment{Backend: "go", Device: "cpu"}
		change(n, &environment)
		return n.Pace(environment)
	}
	usual := node(func(*Node, *Environment) {})
	for name, change := range map[string]func(*Node, *Environment){
		"images":    func(n *Node, _ *Environment) { n.Work = &EncodeWork{Images: 4} },
		"version":   func(n *Node, _ *Environment) { n.Instance.Identity.CodeVersion = "4" },
		"settings":  func(n *Node, _ *Environment) { n.Instance.KeyConfig = []byte(`{"batch":9}`) },
		"seed":      func(n *Node, _ *Environment) { n.Instance.Seed = 13 },
		"binary":    func(n *Node, _ *Environment) { n.Instance.Identity.SHA256 = "13" },
		"libraries": func(_ *Node, e *Environment) { e.Libraries = map[string]string{"gomlx": "2"} },
	} {
		if got := node(change); got != usual {
			t.Errorf("%s: %q\nwant %q", name, got, usual)
		}
	}
	for name, change := range map[string]func(*Node, *Environment){
		"component":       func(n *Node, _ *Environment) { n.Instance.Component = "shapes_clip" },
		"plugin":          func(n *Node, _ *Environment) { n.Instance.Identity.Plugin = "ours" },
		"content":         func(n *Node, _ *Environment) { n.Instance.contents = []string{"bb"} },
		"missing weights": func(n *Node, _ *Environment) { n.Instance.contents = []string{"missing: clip"} },
		"kind of thing":   func(n *Node, _ *Environment) { n.Work = &EncodeTextsWork{} },
		"device":          func(_ *Node, e *Environment) { e.Backend, e.Device = "xla:cuda", "NVIDIA H100" },
	} {
		if node(change) == usual {
			t.Errorf("another %s, the same pace", name)
		}
	}
	if none := (&Node{Work: &AlignmentWork{}}).Pace(Environment{Backend: "go"}); none != "" {
		t.Errorf("a stage without a component: %q", none)
	}
}
