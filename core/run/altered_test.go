package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// spoil alters a byte of a file, and gives it its old time.
func spoil(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	time.Sleep(20 * time.Millisecond) // the kernel's clock ticks every few
	content[len(content)/2] ^= 1
	if err := errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, content, 0o644), os.Chtimes(path, info.ModTime(), info.ModTime())); err != nil {
		t.Error(err)
	}
}

// outputs are what all nodes made.
func outputs(p *plan.Plan, result *Result) map[string]map[string]record.Output {
	all := map[string]map[string]record.Output{}
	for _, node := range p.Nodes {
		if made := result.Outcomes[node].Record; made != nil {
			all[node.Name] = made.Outputs
		}
	}
	return all
}

// TestAlteredWhileAStageReads: nothing is recorded of what was computed from images
// that were altered meanwhile, with their size and time kept; both are made again, and
// the run is as if nothing had been.
func TestAlteredWhileAStageReads(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	undisturbed := chain(t)
	want := outputs(undisturbed, do(t, t.Context(), undisturbed, openStore(t, t.TempDir()), newShop(t), nil))

	opened, told := newShop(t), &notes{}
	var once sync.Once
	opened.during = func(name string) {
		if name != `"reward"` {
			return
		}
		once.Do(func() { spoilDrawn(t, s) })
	}
	result := do(t, t.Context(), p, s, opened, told)
	if got := statuses(p, result); got != fmt.Sprintf(allOf, record.Done) {
		t.Error(got)
	}
	if difference := cmp.Diff(want, outputs(p, result)); difference != "" {
		t.Errorf("it made something else:\n%s", difference)
	}
	if opened.opened[`"reward"`] != 2 {
		t.Errorf("the reward was opened %d times, want twice", opened.opened[`"reward"`])
	}
	if len(result.Run.Repairs) != 2 || !strings.Contains(result.Run.Repairs[0].What, "was altered in the store while it worked") || !strings.Contains(result.Run.Repairs[1].What, "damaged in the store") {
		t.Errorf("repairs: %+v", result.Run.Repairs)
	}
	if len(told.warnings) != 2 {
		t.Errorf("it told %q", told.warnings)
	}
	if problems, err := s.Verify(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Errorf("the store has %v, %v", problems, err)
	}
}

// spoilDrawn alters the images that sample/drawn made, in the store.
func spoilDrawn(t *testing.T, s *store.Store) {
	drawn, err := s.LastRecord("sample/drawn")
	if err != nil || drawn == nil {
		t.Error(drawn, err)
		return
	}
	path, err := s.File(drawn.Outputs[plan.Images])
	if err != nil {
		t.Error(err)
		return
	}
	spoil(t, path)
}

// TestAlteredAgainAndAgain ends.
func TestAlteredAgainAndAgain(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	opened := newShop(t)
	opened.during = func(name string) {
		if name != `"reward"` {
			return
		}
		spoilDrawn(t, s)
	}
	result := do(t, t.Context(), p, s, opened, nil)
	if got := result.Outcomes[p.Nodes[2]]; got.Status != record.Failed || !strings.Contains(got.Diagnostics.Error(), "Nothing but Plumb may write into the store") {
		t.Errorf("%s: %v", got.Status, got.Diagnostics)
	}
	if opened.opened[`"reward"`] != mostTries {
		t.Errorf("it was tried %d times", opened.opened[`"reward"`])
	}
}

// TestTheStoreIsGone: one reason, which is that.
func TestTheStoreIsGone(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	opened := newShop(t)
	opened.during = func(name string) {
		if name == `"reward"` {
			os.RemoveAll(s.Dir())
		}
	}
	result, _ := Run(t.Context(), p, Options{Store: s, Executor: Local{Components: opened}, About: chainRun})
	if got := result.Outcomes[p.Nodes[2]]; got.Status != record.Failed || got.Diagnostics[0].Summary != "The store is gone" || !strings.Contains(got.Diagnostics[0].Detail, s.Dir()) {
		t.Errorf("%s: %v", got.Status, got.Diagnostics)
	}
}

// quiet is a shop whose process gives no sign of life under world for some tries.
type quiet struct {
	*shop
	left   int
	blamed bool
}

func (q *quiet) Open(ctx context.Context, r client.OpenRequest) (*client.Instance, error) {
	if string(r.Config) == `"world"` && q.left > 0 {
		q.left--
		return nil, plugin.Died{List: diag.List{{Summary: "the plugin stopped answering"}}, Again: !q.blamed, Blamed: q.blamed}
	}
	return q.shop.Open(ctx, r)
}

// A stage that is known to have ended its process is not tried again: whoever hangs
// once costs the silence once.
func TestAStageThatIsToBlameIsNotTriedAgain(t *testing.T) {
	p, told := chain(t), &notes{}
	asked := &quiet{shop: newShop(t), left: 5, blamed: true}
	result := do(t, t.Context(), p, openStore(t, t.TempDir()), asked, told)
	if got := result.Outcomes[p.Nodes[1]].Status; got != record.Failed || asked.left != 4 || len(told.warnings) != 0 {
		t.Errorf("%s with %d tries left, %q", got, asked.left, told.warnings)
	}
}

// TestASilentStageIsTriedAgain, once, also if it was alone.
func TestASilentStageIsTriedAgain(t *testing.T) {
	for times, status := range map[int]record.Status{1: record.Done, 2: record.Failed} {
		p, told := chain(t), &notes{}
		result := do(t, t.Context(), p, openStore(t, t.TempDir()), &quiet{shop: newShop(t), left: times}, told)
		if got := result.Outcomes[p.Nodes[1]].Status; got != status || len(told.warnings) != 1 || !strings.Contains(told.warnings[0], "tried again") {
			t.Errorf("silent %d times: %s, %q", times, got, told.warnings)
		}
	}
}
