package run

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
)

// TestTheRecordIsThereFromTheFirstMoment: what a kill would leave behind while a stage
// is under way has the keys of all that is finished, and of that stage.
func TestTheRecordIsThereFromTheFirstMoment(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	components := newShop(t)
	var left *record.Run
	components.during = func(name string) {
		if name != `"reward"` {
			return
		}
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			run, err := s.Run(chainRun.FullName())
			if err != nil || run == nil {
				t.Errorf("the run while it goes on: %v, %v", run, err)
				return
			}
			left = run
			if stages := run.Variants[0].Stages; stages[0].Status == record.Done && stages[2].Status == record.Running {
				return
			}
		}
	}
	result := do(t, t.Context(), p, s, components, nil)
	if left.State != record.RunRunning || left.Finished < 1 || left.Stages != 5 {
		t.Errorf("while it went on it was %+v", left)
	}
	for _, node := range []int{0, 2} { // finished, and under way
		if key := result.Outcomes[p.Nodes[node]].Key; !slices.Contains(left.Keys(), key) {
			t.Errorf("the key of %s is not among %q", p.Nodes[node].Name, left.Keys())
		}
	}
	done, err := s.Run(chainRun.FullName())
	if err != nil || done.State != record.RunDone || done.Finished != 5 || done.Keeps != nil {
		t.Errorf("at the end it is %+v, %v", done, err)
	}
}

// TestWhatEarlierTriesMadeStaysNeeded, until the run is done: a try that is stopped at
// once must not let go of what the one before has made.
func TestWhatEarlierTriesMadeStaysNeeded(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	do(t, t.Context(), p, s, newShop(t), nil)
	before, err := s.Run(chainRun.FullName())
	if err != nil || len(before.Keys()) != 5 {
		t.Fatalf("%+v, %v", before, err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	do(t, stopped, p, s, newShop(t), nil)
	after, err := s.Run(chainRun.FullName())
	if err != nil || after.State != record.RunInterrupted || !slices.Equal(after.Keys(), before.Keys()) {
		t.Errorf("it needs %q, %v, and needed %q", after.Keys(), err, before.Keys())
	}
	if collected, err := s.Collect(store.CollectOptions{}); err != nil || collected.Stages() != 0 {
		t.Errorf("Collect takes %+v, %v", collected, err)
	}
	do(t, t.Context(), p, s, newShop(t), nil)
	if done, err := s.Run(chainRun.FullName()); err != nil || done.Keeps != nil {
		t.Errorf("done, it keeps %q, %v", done.Keeps, err)
	}
}

func TestARunTakesThePlaceOfTheOneThatWaited(t *testing.T) {
	p, s, dir := chain(t), openStore(t, t.TempDir()), t.TempDir()
	about := func(id, basis string) record.Run {
		return record.Run{Name: "chain", ID: id, Basis: basis, Dir: filepath.Join(dir, "chain@"+id)}
	}
	waited, other := about("1", "b"), about("2", "other")
	for _, run := range []*record.Run{&waited, &other} {
		run.State, run.Keeps = record.RunWaiting, []string{"key-of-" + run.ID}
		if err := s.PutRun(run); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(run.Dir, "report"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(stopped, p, Options{Store: s, Executor: Local{Components: newShop(t)}, About: about("3", "b")}); err != nil {
		t.Fatal(err)
	}
	listed, err := s.Runs()
	if err != nil || len(listed) != 2 || listed[0].FullName != "chain@3" || listed[1].FullName != "chain@2" {
		t.Errorf("listed are %+v, %v", listed, err)
	}
	if keys := listed[0].Run.Keys(); !slices.Equal(keys, []string{"key-of-1"}) {
		t.Errorf("it needs %q", keys)
	}
	for id, want := range map[string]bool{"1": false, "2": true, "3": true} {
		if _, err := os.Stat(filepath.Join(dir, "chain@"+id, "report")); (err == nil) != want {
			t.Errorf("the report of %s: %v", id, err)
		}
	}
}

// TestRepairsAreInTheRecord, and stay there in later tries.
func TestRepairsAreInTheRecord(t *testing.T) {
	p, s := chain(t), openStore(t, t.TempDir())
	first := do(t, t.Context(), p, s, newShop(t), nil)
	scores := first.Outcomes[p.Nodes[2]].Record.Outputs["scores"]
	path, err := s.File(scores)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for try := range 2 {
		do(t, t.Context(), p, s, newShop(t), nil)
		run, err := s.Run(chainRun.FullName())
		if err != nil || len(run.Repairs) != 1 || run.Repairs[0].Stage != "score/drawn/reward" {
			t.Errorf("try %d: %+v, %v", try, run.Repairs, err)
		}
	}
}
