//go:build linux

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/plumb-ml/plumb/core/record"
)

// TestFullDisk fills a file system of 1 MiB from every method that writes.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := openStore(t, dir)
	r := newRecord(t, s, "tune/full", "a")
	small := newWork(t, s, "key")
	if err := os.WriteFile(filepath.Join(small.Dir("dir"), "f"), []byte("small"), 0o644); err != nil {
		t.Fatal(err)
	}

	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close()

	_, errPutDir := small.PutDir("dir")
	_, errWork := s.Work("key")
	_, errScratch := s.Scratch("key")
	_, errLock := s.Lock(t.Context(), "key")
	_, errView := s.Directory(r.Outputs["checkpoint"])
	for name, err := range map[string]error{
		"writing into a Work": s.CheckSpace(err, 4096),
		"PutRecord":           s.PutRecord(r),
		"PutDir":              errPutDir,
		"Work":                errWork,
		"Scratch":             errScratch,
		"Lock":                errLock,
		"Directory":           errView,
	} {
		var space *NoSpace
		// Names alone still fit on some systems; an error must say what it is.
		if err != nil && !errors.As(err, &space) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (name == "PutRecord" || name == "PutDir") {
			t.Errorf("%s: no error", name)
		}
		if space != nil && (space.Dir != dir || space.Free < 0) {
			t.Errorf("%s: %+v", name, space)
		}
	}
	if got, err := s.Record(r.Key); got != nil || err != nil {
		t.Errorf("half a record: %v, %v", got, err)
	}

	// With room again, all is well, and nothing half-written is anywhere.
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRecord(r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Directory(r.Outputs["checkpoint"]); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openStore(t, dir)
	if problems, err := again.Verify(t.Context(), nil); len(problems) > 0 || err != nil {
		t.Errorf("afterwards: %v, %v", problems, err)
	}
	filepath.WalkDir(again.path(recordsDir), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			b, _ := os.ReadFile(path)
			if _, err := record.Decode(b); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		return nil
	})
}
