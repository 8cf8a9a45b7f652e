package run

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/stage"
)

// rack is an executor with several devices. It counts how many are in use; the
// first stages wait for each other.
type rack struct {
	Local
	devices int
	wait    int // stages that are waited for, once

	mu          sync.Mutex
	inUse, most int
	together    chan struct{}
	there       int
}

func (r *rack) Limits() Limits { return Limits{Devices: r.devices, Light: 1} }

func (r *rack) Do(ctx context.Context, task Task) (*stage.Result, error) {
	r.mu.Lock()
	r.inUse += task.Resources.Devices
	r.most = max(r.most, r.inUse)
	if r.there++; r.there == r.wait {
		close(r.together)
	}
	r.mu.Unlock()
	select {
	case <-r.together:
	case <-ctx.Done():
	}
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.inUse -= task.Resources.Devices
	}()
	return r.Local.Do(ctx, task)
}

// images is a plan of n stages that depend on nothing.
func images(t *testing.T, n int) *plan.Plan {
	t.Helper()
	base := &spec.Component{Kind: "sampler", Component: "c", Name: "base", Config: []byte(`"base"`)}
	s := &spec.Spec{Name: "images", Seed: 1}
	for i := range n {
		s.Images = append(s.Images, &spec.Images{Name: fmt.Sprint(i), Sampler: spec.Model{Sampler: base}, Prompts: []spec.Prompt{{Text: "a"}}, PerPrompt: 1})
	}
	p, err := plan.Build([]plan.Source{{Spec: s}}, everything{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStagesLeaseAsManyDevicesAsTheyNeed(t *testing.T) {
	for _, test := range []struct {
		devices, each int
		together      int // stages that must meet
	}{
		{devices: 1, each: 1, together: 1},
		{devices: 3, each: 1, together: 3},
		{devices: 5, each: 2, together: 2},
	} {
		executor := &rack{Local: Local{Components: newShop(t)}, devices: test.devices, wait: test.together, together: make(chan struct{})}
		result, err := Run(t.Context(), images(t, 6), Options{
			Store: openStore(t, t.TempDir()), Executor: executor,
			Needs: func(*plan.Node) Resources { return Resources{Devices: test.each} },
		})
		if err != nil || result.Failed > 0 || len(result.Records) != 6 {
			t.Fatalf("%+v: %v, %+v", test, err, result)
		}
		if want := test.together * test.each; executor.most != want {
			t.Errorf("%+v: %d devices were in use at once, want %d", test, executor.most, want)
		}
	}
}

func TestAStageThatNeedsMoreThanThereIs(t *testing.T) {
	p := images(t, 2)
	result, err := Run(t.Context(), p, Options{
		Store: openStore(t, t.TempDir()), Executor: Local{Components: newShop(t)},
		Needs: func(node *plan.Node) Resources {
			if node == p.Nodes[1] {
				return Resources{Devices: 2}
			}
			return Needs(node)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	outcome := result.Outcomes[p.Nodes[1]]
	if result.Outcomes[p.Nodes[0]].Status != record.Done || outcome.Status != record.Failed {
		t.Errorf("%s", statuses(p, result))
	}
	if why := outcome.Diagnostics; len(why) != 1 || why[0].Severity != diag.Error || !strings.Contains(why[0].Summary, "needs 2 devices, and there is 1") {
		t.Errorf("it says %v", why)
	}
}
