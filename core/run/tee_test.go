package run

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
)

// diary is a Sink that writes down what it hears.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, arguments ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, arguments...))
}

func (d *diary) Begun(of *record.Run) {
	d.note("begun %s, %d stages, the first %q", of.Name, len(of.Variants[0].Stages), of.Variants[0].Stages[0].Status)
}
func (d *diary) Started(node *plan.Node, _ string)          { d.note("started %s", node.Name) }
func (d *diary) Progress(node *plan.Node, _ stage.Progress) { d.note("progress %s", node.Name) }
func (d *diary) Finished(node *plan.Node, o Outcome)        { d.note("finished %s: %s", node.Name, o.Status) }
func (d *diary) Warn(_ *plan.Node, w diag.Diagnostic)       { d.note("warned %s", w.Summary) }
func (d *diary) Ended(result *Result) {
	d.note("ended %s, the first %q", result.Run.Name, result.Run.Variants[0].Stages[0].Status)
}

var _ Sink = (*diary)(nil)

func TestSinksHearAllOfARunFromBeginToEnd(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	one, other := &diary{}, &diary{}
	do(t, t.Context(), p, s, newShop(t), Tee(one, Silent{}, other))
	if !slices.Equal(one.lines, other.lines) {
		t.Errorf("one heard %q\nother %q", one.lines, other.lines)
	}
	if first := one.lines[0]; first != `begun chain, 5 stages, the first ""` {
		t.Errorf("first it heard %s", first)
	}
	if last := one.lines[len(one.lines)-1]; last != `ended chain, the first "done"` {
		t.Errorf("last it heard %s", last)
	}
	for _, node := range p.Nodes {
		started, finished := slices.Index(one.lines, "started "+node.Name), slices.Index(one.lines, "finished "+node.Name+": done")
		if started < 0 || finished < started || !slices.Contains(one.lines[started:finished], "progress "+node.Name) {
			t.Errorf("of %s it heard %q", node.Name, one.lines)
		}
	}
	Tee(one).Warn(nil, diag.Diagnostic{Summary: "x"})
	if one.lines[len(one.lines)-1] != "warned x" {
		t.Error("a warning got lost")
	}
}
