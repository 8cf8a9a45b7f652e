package store

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/record"
)

// list writes a run of one variant into the list of runs.
func list(t *testing.T, s *Store, name, id string, keys ...string) {
	t.Helper()
	run := &record.Run{Name: name, ID: id, State: record.RunDone, Started: time.Now(), Variants: make([]record.Variant, 1)}
	for _, key := range keys {
		run.Variants[0].Stages = append(run.Variants[0].Stages, record.StageRef{Node: "stage", Key: key, Status: record.Done})
	}
	if err := s.PutRun(run); err != nil {
		t.Fatal(err)
	}
}

func TestCollect(t *testing.T) {
	s := openStore(t, t.TempDir())
	keep, drop := newRecord(t, s, "tune/keep", "keep"), newRecord(t, s, "tune/drop", "drop")
	if err := errors.Join(s.PutRecord(keep), s.PutRecord(drop)); err != nil {
		t.Fatal(err)
	}
	kept, err := s.Directory(keep.Outputs["checkpoint"])
	if err != nil {
		t.Fatal(err)
	}
	dropped, err := s.Directory(drop.Outputs["checkpoint"])
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{keep.Key, drop.Key} {
		if _, err := s.Scratch(key); err != nil {
			t.Fatal(err)
		}
	}
	list(t, s, "kept", "1", keep.Key)

	_, before, _ := s.Usage()
	would, err := s.Collect(CollectOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Record(drop.Key); r == nil || err != nil {
		t.Fatalf("a dry run took the dead record: %v", err)
	}
	collected, err := s.Collect(CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(would, collected); diff != "" {
		t.Errorf("a dry run says otherwise (-said +taken):\n%s", diff)
	}
	if collected.Stages() != 1 || collected.Unfinished != 1 || collected.Listed != 1 || collected.Kept != 0 {
		t.Errorf("it took %+v", collected)
	}
	freed := collected.Bytes
	blobs, after, _ := s.Usage()
	if blobs != 4 || freed != before-after || freed == 0 { // curve, listing, config, weights
		t.Errorf("%d blobs, %d bytes freed of %d", blobs, freed, before)
	}
	if r, err := s.Record(keep.Key); r == nil || err != nil {
		t.Errorf("the live record: %v, %v", r, err)
	}
	if r, err := s.Record(drop.Key); r != nil || err != nil {
		t.Errorf("the dead record: %v, %v", r, err)
	}
	for path, want := range map[string]bool{
		kept: true, dropped: false,
		s.path(scratchDir, keep.Key): true, s.path(scratchDir, drop.Key): false,
	} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if again, err := s.Collect(CollectOptions{}); err != nil || again.Bytes != 0 || again.Stages() != 0 {
		t.Errorf("the second time takes %+v, %v", again, err)
	}
	if problems, err := s.Verify(t.Context(), nil); len(problems) > 0 || err != nil {
		t.Errorf("afterwards: %v, %v", problems, err)
	}
	// What was collected can be made again.
	if err := s.PutRecord(newRecord(t, s, "tune/drop", "drop")); err != nil {
		t.Error(err)
	}
}

func TestCollectNeedsTheStoreForItself(t *testing.T) {
	s := openStore(t, t.TempDir())
	o := putFile(t, s, "not yet in a record")
	refused := func(when string) {
		t.Helper()
		var busy *Busy
		if _, err := s.Collect(CollectOptions{}); !errors.As(err, &busy) {
			t.Errorf("Collect %s: %v", when, err)
		}
		if _, err := s.File(o); err != nil {
			t.Fatalf("Collect %s removed a blob: %v", when, err)
		}
	}
	w := newWork(t, s, "key")
	refused("during work")
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	other := openStore(t, s.Dir())
	refused("beside another")
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if collected, err := s.Collect(CollectOptions{}); err != nil || collected.Bytes == 0 {
		t.Errorf("Collect alone: %+v, %v", collected, err)
	}
	openStore(t, s.Dir()).Close() // and the store is shared again
}

func TestCollectLeavesWhatIsYoung(t *testing.T) {
	s := openStore(t, t.TempDir())
	old, young, removed := newRecord(t, s, "tune/old", "old"), newRecord(t, s, "tune/young", "young"), newRecord(t, s, "tune/removed", "removed")
	removed.Run = "gone@1"
	if err := errors.Join(s.PutRecord(old), s.PutRecord(young), s.PutRecord(removed)); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(s.recordPath(old.Key), long, long); err != nil {
		t.Fatal(err)
	}
	list(t, s, "gone", "1", removed.Key)
	if err := s.RemoveRun("gone@1"); err != nil {
		t.Fatal(err)
	}
	collected, err := s.Collect(CollectOptions{Young: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{old.Key: false, young.Key: true, removed.Key: false} {
		if r, err := s.Record(key); (r != nil) != want || err != nil {
			t.Errorf("%s: %v, %v, want it there: %v", key, r, err, want)
		}
	}
	if collected.Kept != 1 || collected.KeptBytes == 0 || len(collected.Runs) != 2 || collected.Runs[1].FullName != "gone@1" {
		t.Errorf("it took %+v", collected)
	}
	all, err := s.Collect(CollectOptions{})
	if err != nil || all.Bytes != collected.KeptBytes {
		t.Errorf("%d bytes were said to be kept for being young, and %d freed after that, %v", collected.KeptBytes, all.Bytes, err)
	}
}

func TestCollectTakesNothingIfARunCannotBeRead(t *testing.T) {
	s := openStore(t, t.TempDir())
	r := newRecord(t, s, "tune/a", "a")
	if err := s.PutRecord(r); err != nil {
		t.Fatal(err)
	}
	list(t, s, "a", "1", r.Key)
	if err := os.WriteFile(s.runPath("a@1", runSuffix), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	var unlisted *Unlisted
	if _, err := s.Collect(CollectOptions{}); !errors.As(err, &unlisted) || unlisted.FullName != "a@1" || !errors.Is(err, record.ErrCorrupt) {
		t.Errorf("Collect: %v", err)
	}
	if got, err := s.Record(r.Key); got == nil || err != nil {
		t.Errorf("the record: %v, %v", got, err)
	}
	if err := s.RemoveRun("a@1"); err != nil { // the way out
		t.Fatal(err)
	}
	if _, err := s.Collect(CollectOptions{}); err != nil {
		t.Error(err)
	}
}
