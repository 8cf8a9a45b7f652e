package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/record"
)

// everything lists what is in a directory, with times and modes.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[path] = info.Mode().String() + info.ModTime().String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestReadingNeedsNoWriting: whoever the test is run by may write anywhere, so what
// counts is that nothing is written.
func TestReadingNeedsNoWriting(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	w := openStore(t, dir)
	whole, damaged := newRecord(t, w, "tune/whole", "whole"), newRecord(t, w, "tune/damaged", "damaged")
	if err := errors.Join(w.PutRecord(whole), w.PutRecord(damaged)); err != nil {
		t.Fatal(err)
	}
	list(t, w, "a", "1", whole.Key)
	blob := w.blobPath(damaged.Outputs["curve"].Digest)
	if err := errors.Join(os.Remove(blob), w.Close()); err != nil {
		t.Fatal(err)
	}

	before := everything(t, dir)
	s, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Record(whole.Key); r == nil || err != nil {
		t.Errorf("Record: %v, %v", r, err)
	}
	if r, err := s.Record(damaged.Key); r != nil || !errors.As(err, new(*Corrupt)) {
		t.Errorf("a damaged record: %v, %v", r, err)
	}
	if r, err := s.LastRecord("tune/whole"); r == nil || err != nil {
		t.Errorf("LastRecord: %v, %v", r, err)
	}
	if _, err := s.File(whole.Outputs["curve"]); err != nil {
		t.Errorf("File: %v", err)
	}
	if members, err := s.Members(whole.Outputs["checkpoint"]); err != nil || len(members) == 0 {
		t.Errorf("Members: %v, %v", members, err)
	}
	if runs, err := s.Runs(); err != nil || len(runs) != 1 {
		t.Errorf("Runs: %v, %v", runs, err)
	}
	if blobs, _, err := s.Usage(); err != nil || blobs == 0 {
		t.Errorf("Usage: %d, %v", blobs, err)
	}
	for what, err := range map[string]error{
		"PutRecord":   s.PutRecord(whole),
		"DropRecord":  s.DropRecord(whole.Key),
		"PutRun":      s.PutRun(mustRun(t, s, "a@1")),
		"RemoveRun":   s.RemoveRun("a@1"),
		"DropScratch": s.DropScratch(whole.Key),
		"Lock":        second(s.Lock(t.Context(), whole.Key)),
		"Work":        second(s.Work(whole.Key)),
		"Scratch":     second(s.Scratch(whole.Key)),
		"HoldRun":     second(s.HoldRun("a@1")),
		"Collect":     second(s.Collect(CollectOptions{})),
	} {
		if !errors.As(err, new(*ReadOnly)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, everything(t, dir)); diff != "" {
		t.Errorf("reading has changed the store:\n%s", diff)
	}
}

func TestReadOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	s, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := s.Runs()
	if err != nil || len(runs) > 0 {
		t.Errorf("Runs: %v, %v", runs, err)
	}
	if r, err := s.Record("key"); r != nil || err != nil {
		t.Errorf("Record: %v, %v", r, err)
	}
	if blobs, _, err := s.Usage(); blobs != 0 || err != nil {
		t.Errorf("Usage: %d, %v", blobs, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil || IsStore(dir) {
		t.Error("it made the directory")
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(other); err == nil {
		t.Error("a directory with other files is a store")
	}
}

func TestReadBesideCollect(t *testing.T) {
	w := openStore(t, t.TempDir())
	s, err := Read(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Collect(CollectOptions{}); !errors.As(err, new(*Busy)) {
		t.Errorf("Collect beside a reader: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Collect(CollectOptions{}); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

func mustRun(t *testing.T, s *Store, fullName string) *record.Run {
	t.Helper()
	run, err := s.Run(fullName)
	if err != nil || run == nil {
		t.Fatal(run, err)
	}
	return run
}
