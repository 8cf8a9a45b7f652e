package store

import (
	"errors"
	"math"
	"os"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
)

func TestRunsAreListed(t *testing.T) {
	s := openStore(t, t.TempDir())
	list(t, s, "first", "1")
	list(t, s, "second", "2")
	runs, err := s.Runs()
	if err != nil || len(runs) != 2 || runs[0].FullName != "second@2" || runs[1].Run.Name != "first" {
		t.Fatalf("Runs: %+v, %v", runs, err)
	}
	if err := s.RemoveRun("second@2"); err != nil {
		t.Fatal(err)
	}
	if run, err := s.Run("second@2"); run != nil || err != nil {
		t.Errorf("the removed run: %v, %v", run, err)
	}
	if err := s.RemoveRun("second@2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("removing it again: %v", err)
	}
	for _, name := range []string{"", "..", "../first@1", ".hidden"} {
		if _, err := s.Run(name); err == nil {
			t.Errorf("a run of the name %q", name)
		}
	}
}

func TestARunThatNobodyHasUnderWayWasKilled(t *testing.T) {
	s := openStore(t, t.TempDir())
	run := &record.Run{Name: "a", ID: "1", State: record.RunRunning}
	release, err := s.HoldRun("a@1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.HoldRun("a@1") // of another process
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutRun(run); err != nil {
		t.Fatal(err)
	}
	state := func(want record.RunState) {
		t.Helper()
		if got, err := s.Run("a@1"); err != nil || got.State != want {
			t.Errorf("%+v, %v, want %s", got, err, want)
		}
	}
	state(record.RunRunning)
	release()
	state(record.RunRunning)
	if err := s.RemoveRun("a@1"); !errors.As(err, new(*UnderWay)) {
		t.Errorf("RemoveRun of one that is under way: %v", err)
	}
	second()
	state(record.RunKilled)
	if err := s.RemoveRun("a@1"); err != nil {
		t.Error(err)
	}
}

// TestTheOldRunStaysOnErrors: a reader meets the old record or the new one.
func TestTheOldRunStaysOnErrors(t *testing.T) {
	s := openStore(t, t.TempDir())
	list(t, s, "a", "1", "key")
	if err := s.PutRun(&record.Run{Name: "a", ID: "1", Seconds: math.Inf(1)}); err == nil {
		t.Error("a run of infinite length was written")
	}
	if run, err := s.Run("a@1"); err != nil || len(run.Keys()) != 1 {
		t.Errorf("Run = %+v, %v", run, err)
	}
	if entries, err := os.ReadDir(s.path(runsDir)); err != nil || len(entries) != 1 {
		t.Errorf("left are %v, %v", entries, err)
	}
}
