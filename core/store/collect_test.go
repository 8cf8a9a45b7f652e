package store

import (
	"errors"
	"os"
	"testing"
)

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
	live := func(key string) bool { return key == keep.Key }

	_, before, _ := s.Usage()
	freed, err := s.Collect(live)
	if err != nil {
		t.Fatal(err)
	}
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
	if freed, err := s.Collect(live); freed != 0 || err != nil {
		t.Errorf("the second time frees %d, %v", freed, err)
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
	none := func(string) bool { return false }
	refused := func(when string) {
		t.Helper()
		var busy *Busy
		if _, err := s.Collect(none); !errors.As(err, &busy) {
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
	if freed, err := s.Collect(none); freed == 0 || err != nil {
		t.Errorf("Collect alone: %d, %v", freed, err)
	}
	openStore(t, s.Dir()).Close() // and the store is shared again
}
