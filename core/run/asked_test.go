package run

import (
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
)

// ask runs what is asked for of a plan.
func ask(t *testing.T, p *plan.Plan, s *store.Store, components *shop, sink Sink, asked Asked) *Result {
	t.Helper()
	result, err := Run(t.Context(), p, Options{Store: s, Executor: Local{Components: components}, Sink: sink, About: chainRun, Asked: asked})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAskedUntil(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	scored := p.Nodes[2]
	result := ask(t, p, s, newShop(t), nil, Asked{Only: Until([]*plan.Node{scored})})
	want := "sample/drawn: done, sample/other: left, score/drawn/reward: done, tune/tuned: left, sample/last: left"
	if got := statuses(p, result); got != want {
		t.Errorf("it is\n%s, and not\n%s", got, want)
	}
	if result.Run.State != record.RunPartial || result.Left != 3 || result.Run.Stages != 5 || result.Run.Finished != 2 {
		t.Errorf("the run is %s: %d left, %d of %d", result.Run.State, result.Left, result.Run.Finished, result.Run.Stages)
	}
	// What the store has is not left, and the rest goes on from there.
	result = ask(t, p, s, newShop(t), nil, Asked{Only: map[*plan.Node]bool{p.Nodes[1]: true}})
	want = "sample/drawn: cached, sample/other: done, score/drawn/reward: cached, tune/tuned: left, sample/last: left"
	if got := statuses(p, result); got != want {
		t.Errorf("it is\n%s, and not\n%s", got, want)
	}
	if result = ask(t, p, s, newShop(t), nil, Asked{}); result.Run.State != record.RunDone || result.Run.Finished != 5 {
		t.Errorf("the run is %s, %d finished", result.Run.State, result.Run.Finished)
	}
}

// A stage that is done again and comes out the same changes nothing; one that comes out
// otherwise is told.
func TestAskedAgain(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	ask(t, p, s, newShop(t), nil, Asked{})
	told := &notes{}
	result := ask(t, p, s, newShop(t), told, Asked{Again: map[*plan.Node]bool{p.Nodes[0]: true}})
	want := "sample/drawn: done, sample/other: cached, score/drawn/reward: cached, tune/tuned: cached, sample/last: cached"
	if got := statuses(p, result); got != want || len(told.warnings) > 0 {
		t.Errorf("it is\n%s, and not\n%s\nwarnings %q", got, want, told.warnings)
	}

	other := newShop(t)
	other.shade = 1
	result = ask(t, p, s, other, told, Asked{Again: map[*plan.Node]bool{p.Nodes[0]: true}})
	if len(told.warnings) != 1 || !strings.Contains(told.warnings[0], "sample/drawn came out otherwise than before") {
		t.Errorf("it tells %q", told.warnings)
	}
	// The tuned weights are the same, whatever they were tuned on.
	want = "sample/drawn: done, sample/other: cached, score/drawn/reward: done, tune/tuned: done, sample/last: cached"
	if got := statuses(p, result); got != want {
		t.Errorf("it is\n%s, and not\n%s", got, want)
	}
}

func TestForecastOfAsked(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	ask(t, p, s, newShop(t), nil, Asked{Only: Until([]*plan.Node{p.Nodes[0]})})
	whole, err := Predict(p, s, plan.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	part := whole.Of(Asked{Only: Until([]*plan.Node{p.Nodes[2]}), Again: map[*plan.Node]bool{p.Nodes[0]: true}})
	if part.ToRun != 2 || part.Cached != 0 || len(part.Nodes) != 2 || part.Complete {
		t.Errorf("%d to run, %d cached, %d in all", part.ToRun, part.Cached, len(part.Nodes))
	}
	if part.Nodes[p.Nodes[0]].Seconds == nil {
		t.Error("a stage that is done again takes as long as before")
	}
}
