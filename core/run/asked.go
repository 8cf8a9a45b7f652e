package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
)

// Asked says what of a plan is to be done. The zero Asked asks for all of it.
type Asked struct {
	// Only are the nodes that are done if they are not cached; nil: all. The others
	// are left, unless the store has them.
	Only map[*plan.Node]bool
	// Again are nodes that are done though the store has them.
	Again map[*plan.Node]bool
}

// wants reports whether a node without a record is to be done.
func (a Asked) wants(node *plan.Node) bool { return a.Only == nil || a.Only[node] }

// Until returns the nodes and all that they need.
func Until(nodes []*plan.Node) map[*plan.Node]bool {
	all := map[*plan.Node]bool{}
	var add func(node *plan.Node)
	add = func(node *plan.Node) {
		if all[node] {
			return
		}
		all[node] = true
		for _, input := range node.Inputs {
			add(input.Node)
		}
	}
	for _, node := range nodes {
		add(node)
	}
	return all
}

// Of is the forecast of what is asked for: without what is left, and with what is done
// again. What depends on the latter counts as cached, since its content should be the
// same.
func (f *Forecast) Of(asked Asked) *Forecast {
	part := &Forecast{Nodes: map[*plan.Node]NodeForecast{}, speeds: f.speeds}
	for node, n := range f.Nodes {
		if asked.Again[node] && n.Cached {
			took := n.Record.Seconds
			n.Cached, n.Seconds = false, &took
		}
		if !n.Cached && !asked.wants(node) {
			continue
		}
		part.Nodes[node] = n
		switch {
		case n.Cached:
			part.Cached++
			continue
		case n.Seconds == nil:
			part.Unknown++
		default:
			part.Seconds += *n.Seconds
			part.Bytes += n.Bytes
		}
		part.ToRun++
	}
	part.Complete = part.ToRun == 0
	return part
}

// differs reports, and warns, if a stage that was done again has another result than
// before: its key has all that the result should depend on.
func (r *execution) differs(node *plan.Node, before, now *record.Record) bool {
	var differ []string
	for role, output := range now.Outputs {
		if earlier, ok := before.Outputs[role]; !ok || earlier.Digest != output.Digest {
			differ = append(differ, role)
		}
	}
	if len(differ) == 0 {
		return false
	}
	slices.Sort(differ)
	r.Sink.Warn(node, diag.Diagnostic{
		Severity: diag.Warning,
		Summary:  fmt.Sprintf("%s came out otherwise than before", node.Label),
		Detail: fmt.Sprintf("Done again under the same key, it has another %s. Something that its result depends on is not in the key, such as a component that is not deterministic. The new result takes the place of the old one.",
			strings.Join(differ, " and ")),
		Subject: node.Range,
	})
	return true
}
