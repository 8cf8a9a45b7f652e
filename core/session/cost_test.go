package session_test

import (
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/plugins/builtin"
)

// TestResources: a stage needs its component's memory whether or not its time is
// known from before; a cached one needs nothing, and its costs are nobody's.
func TestResources(t *testing.T) {
	s, err := session.Read(t.Context(), "../../experiments/lee2023_sd15.hcl", session.Options{
		Builtin: builtin.Plugin().Components,
		Plugins: plugin.Options{Builtin: plugin.BuiltinEntry("/no process is needed")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var tune *plan.Node
	for _, node := range s.Plan.Nodes {
		if _, ok := node.Work.(*plan.TuneWork); ok {
			tune = node
		}
	}
	if tune == nil {
		t.Fatal("nothing is tuned")
	}
	of := func(n run.NodeForecast) (run.Resources, bool) {
		costs := s.Costs(&run.Forecast{Nodes: map[*plan.Node]run.NodeForecast{tune: n}})
		_, counted := costs.ByNode[tune]
		return costs.Resources(tune), counted
	}
	unknown, counted := of(run.NodeForecast{})
	if unknown.Devices != 1 || unknown.Memory < 10e9 || unknown.Time <= 0 || !counted {
		t.Errorf("by arithmetic: %+v, counted %v", unknown, counted)
	}
	seconds := 90.0
	known, counted := of(run.NodeForecast{Seconds: &seconds})
	if known.Memory != unknown.Memory || known.Devices != 1 || known.Time != 90*time.Second || counted {
		t.Errorf("as before: %+v, counted %v", known, counted)
	}
	if cached, counted := of(run.NodeForecast{Cached: true}); cached.Memory != 0 || counted {
		t.Errorf("cached: %+v, counted %v", cached, counted)
	}
}
