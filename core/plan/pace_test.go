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
			Work: &ScoreWork{Images: 3}, Seed: 3,
			Instance: &Instance{
				Kind: "reward", Component: "preference", Identity: spec.Identity{Plugin: "builtin", Component: schema.Component{CodeVersion: "3"}}, KeyConfig: []byte(`{"hidden_units":64}`), Seed: 12,
				Uses: []*Instance{{Kind: "encoder", Component: "clip", Identity: spec.Identity{Plugin: "builtin", SHA256: "12"}, KeyConfig: []byte(`{"batch":8}`), contents: []string{"aa"}}},
			},
		}
		environment := Environment{Backend: "go", Device: "cpu"}
		change(n, &environment)
		return n.Pace(environment)
	}
	usual := node(func(*Node, *Environment) {})
	for name, change := range map[string]func(*Node, *Environment){
		"images":           func(n *Node, _ *Environment) { n.Work = &ScoreWork{Images: 4} },
		"version":          func(n *Node, _ *Environment) { n.Instance.Identity.CodeVersion = "4" },
		"settings":         func(n *Node, _ *Environment) { n.Instance.KeyConfig = []byte(`{"hidden_units":8}`) },
		"seed":             func(n *Node, _ *Environment) { n.Instance.Seed = 13 },
		"encoder's binary": func(n *Node, _ *Environment) { n.Instance.Uses[0].Identity.SHA256 = "13" },
		"libraries":        func(_ *Node, e *Environment) { e.Libraries = map[string]string{"gomlx": "2"} },
	} {
		if got := node(change); got != usual {
			t.Errorf("%s: %q\nwant %q", name, got, usual)
		}
	}
	for name, change := range map[string]func(*Node, *Environment){
		"component":         func(n *Node, _ *Environment) { n.Instance.Component = "clip_score" },
		"plugin":            func(n *Node, _ *Environment) { n.Instance.Identity.Plugin = "ours" },
		"encoder":           func(n *Node, _ *Environment) { n.Instance.Uses[0].Component = "shapes_clip" },
		"encoder's weights": func(n *Node, _ *Environment) { n.Instance.Uses[0].contents = []string{"bb"} },
		"missing weights":   func(n *Node, _ *Environment) { n.Instance.Uses[0].contents = []string{"missing: clip"} },
		"device":            func(_ *Node, e *Environment) { e.Backend, e.Device = "xla:cuda", "NVIDIA H100" },
	} {
		if node(change) == usual {
			t.Errorf("another %s, the same pace", name)
		}
	}
	if none := (&Node{Work: &AlignmentWork{}}).Pace(Environment{Backend: "go"}); none != "" {
		t.Errorf("a stage without a component: %q", none)
	}
}
