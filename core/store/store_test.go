package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newWork(t testing.TB, s *Store, key string) *Work {
	t.Helper()
	w, err := s.Work(key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Discard() })
	return w
}

// putFile puts a file output of some content.
func putFile(t testing.TB, s *Store, content string) record.Output {
	t.Helper()
	w := newWork(t, s, "key")
	defer w.Discard()
	if err := os.WriteFile(w.File("out"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	o, err := w.PutFile("out")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// putDir puts a directory output of some files.
func putDir(t testing.TB, s *Store, files map[string]string) record.Output {
	t.Helper()
	w := newWork(t, s, "key")
	defer w.Discard()
	dir := w.Dir("out")
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o, err := w.PutDir("out")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// alter changes a file of the store behind its back, keeping its size.
func alter(t testing.TB, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	overwrite(t, path, b)
}

func overwrite(t testing.TB, path string, b []byte) {
	t.Helper()
	os.Chmod(path, 0o644)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	// A change within the clock's resolution would not be seen by its time.
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
}

func wantCorrupt(t testing.TB, err error, name string, moved bool) {
	t.Helper()
	var corrupt *Corrupt
	if !errors.As(err, &corrupt) {
		t.Fatalf("error %v, want *Corrupt", err)
	}
	if !strings.Contains(corrupt.Error(), name) {
		t.Errorf("%q does not name %s", corrupt, name)
	}
	if (corrupt.Moved != "") != moved {
		t.Errorf("moved to %q", corrupt.Moved)
	}
	if moved {
		if _, err := os.Stat(corrupt.Moved); err != nil {
			t.Errorf("what is damaged is lost: %v", err)
		}
		if _, err := os.Stat(corrupt.Path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("what is damaged is still in place: %v", err)
		}
	}
}

func TestOpenRefusesOtherDirectories(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("a directory of other files: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the refused directory was written to: %v", entries)
	}
}

func TestOpenRefusesUnknownFormats(t *testing.T) {
	for content, want := range map[string]string{
		"plumb store 1\n": "format 1, of an older Plumb",
		string(sealed.Line([]byte("plumb store 3"))):    "format 3, this version of Plumb knows format 2",
		string(sealed.Line([]byte("plumb notebook 2"))): "is no store of Plumb: name another directory",
		"something\n": "is no store of Plumb: name another directory",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, formatFile), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("format %q: %v", content, err)
		}
	}
}

// TestFormatIsMended: any bit of the format file may flip, and it may be gone; what is
// in the store is still there, and the repair is told once.
func TestFormatIsMended(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	r := newRecord(t, s, "tune/full", "a")
	if err := errors.Join(s.PutRecord(r), s.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, formatFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, content []byte) {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if content != nil {
			if err := os.WriteFile(path, content, 0o444); err != nil {
				t.Fatal(err)
			}
		}
		for try := range 2 {
			s, err := Open(dir)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if got, err := s.Record(r.Key); got == nil || err != nil {
				t.Errorf("%s: the record is %v, %v", what, got, err)
			}
			if told := s.Repairs(); len(told) != 1-try || try == 0 && !strings.Contains(told[0], path) {
				t.Errorf("%s, opened %d times before: it tells %q", what, try, told)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, good) {
			t.Errorf("%s: the format file is %q, %v", what, now, err)
		}
	}
	check("nothing", nil)
	check("empty", []byte{})
	check("cut", good[:len(good)-4])
	for bit := range 8 * len(good) {
		spoiled := bytes.Clone(good)
		spoiled[bit/8] ^= 1 << (bit % 8)
		check(fmt.Sprintf("bit %d", bit), spoiled)
	}
}

// TestAlteredWithItsOldTime: a blob that was altered while a process has the store
// open, and given its old size and time, is found at its next use.
func TestAlteredWithItsOldTime(t *testing.T) {
	s := openStore(t, t.TempDir())
	r := newRecord(t, s, "tune/full", "a")
	if err := s.PutRecord(r); err != nil {
		t.Fatal(err)
	}
	for role, open := range map[string]func(record.Output) (string, error){"curve": s.File, "checkpoint": s.Directory} {
		path, err := open(r.Outputs[role])
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(path); info.IsDir() {
			path = filepath.Join(path, "config.json")
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if sealed.StampOf(info).Inode == 0 {
			t.Skip("this system does not tell when an inode was changed")
		}
		time.Sleep(20 * time.Millisecond) // the kernel's clock ticks every few
		alter(t, path)
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		_, err = open(r.Outputs[role])
		var corrupt *Corrupt
		if !errors.As(err, &corrupt) {
			t.Errorf("%s: %v", role, err)
		}
	}
}

// TestQuarantineEnds: what is old goes, and what is too much.
func TestQuarantineEnds(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	put := func(name string, size int64, age time.Duration) {
		t.Helper()
		folder := s.path(quarantineDir, name)
		file := filepath.Join(folder, "blob")
		when := time.Now().Add(-age)
		if err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(file, nil, 0o444), os.Truncate(file, size), os.Chtimes(folder, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	const half = quarantineBytes/2 + 1
	put("old", 1, quarantineAge+time.Hour)
	put("first", half, 3*time.Hour)
	put("second", half, 2*time.Hour)
	put("third", 1, time.Hour)
	left := func() string {
		entries, err := os.ReadDir(s.path(quarantineDir))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	if err := s.trimQuarantine(); err != nil || left() != "second third" {
		t.Errorf("%q is left, %v", left(), err)
	}
	put("huge", 3*half, 0)
	openStore(t, dir)
	if left() != "huge" {
		t.Errorf("%q is left beside what is too large", left())
	}
}

func TestSessions(t *testing.T) {
	dir := t.TempDir()
	first := openStore(t, dir)
	living := newWork(t, first, "living")
	if err := os.WriteFile(living.File("x"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	// A dead session: a directory with a lock that nobody holds, and one whose
	// lock is lost.
	for _, name := range []string{"DEAD/stage-1", "OLDER/stage-1/readonly"} {
		if err := os.MkdirAll(filepath.Join(dir, workDir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, workDir, "OLDER/stage-1/readonly"), 0o555); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, workDir, "DEAD.lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}

	second := openStore(t, dir)
	entries, err := os.ReadDir(filepath.Join(dir, workDir))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 4 {
		t.Errorf("beside two living sessions and their locks there is more: %v", entries)
	}
	if _, err := living.PutFile("x"); err != nil {
		t.Errorf("a living session was disturbed: %v", err)
	}
	if err := errors.Join(first.Close(), first.Close(), second.Close()); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, workDir)); len(entries) != 0 {
		t.Errorf("closed stores left %v", entries)
	}
	if _, err := first.Work("key"); err == nil {
		t.Error("a closed store gives out work directories")
	}
}

func TestFile(t *testing.T) {
	s := openStore(t, t.TempDir())
	o := putFile(t, s, "content")
	if again := putFile(t, s, "content"); again != o {
		t.Errorf("the same content is %v and %v", o, again)
	}
	for _, s := range []*Store{s, openStore(t, s.Dir())} {
		path, err := s.File(o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil || string(b) != "content" {
			t.Errorf("content %q, %v", b, err)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o444 {
			t.Errorf("the blob can be written to: %v", info.Mode())
		}
	}
	if blobs, bytes, err := s.Usage(); blobs != 1 || bytes != 7 || err != nil {
		t.Errorf("Usage = %d, %d, %v", blobs, bytes, err)
	}
	if _, err := s.Directory(o); err == nil {
		t.Error("a file passes as a directory")
	}
	if _, err := s.File(record.Output{Digest: "../../etc/passwd"}); err == nil {
		t.Error("a path passes as a digest")
	}
}

func TestDamagedBlobs(t *testing.T) {
	damages := map[string]struct {
		damage func(path string)
		moved  bool
	}{
		"cut":     {func(path string) { overwrite(t, path, []byte("cont")) }, true},
		"altered": {func(path string) { alter(t, path) }, true},
		"longer":  {func(path string) { overwrite(t, path, []byte("contents")) }, true},
		"empty":   {func(path string) { overwrite(t, path, nil) }, true},
		"deleted": {func(path string) { os.Remove(path) }, false},
		"a directory": {func(path string) {
			os.Remove(path)
			os.Mkdir(path, 0o755)
		}, true},
	}
	for name, c := range damages {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			o := putFile(t, s, "content")
			if _, err := s.File(o); err != nil { // known to be good in this process
				t.Fatal(err)
			}
			c.damage(s.blobPath(o.Digest))
			_, err := s.File(o)
			wantCorrupt(t, err, o.Digest, c.moved)
			_, err = s.File(o)
			wantCorrupt(t, err, "is missing", false)

			// What made it puts it again, also over a damaged one.
			putFile(t, s, "content")
			c.damage(s.blobPath(o.Digest))
			putFile(t, s, "content")
			if _, err := s.File(o); err != nil {
				t.Errorf("a blob that was put again: %v", err)
			}
		})
	}
}

func TestWorkRefusesOddOutputs(t *testing.T) {
	s := openStore(t, t.TempDir())
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/etc/passwd"} {
		w := newWork(t, s, "key")
		if path := w.File(name); !strings.HasPrefix(path, s.Dir()) {
			t.Errorf("File(%q) = %s", name, path)
		}
		if _, err := w.PutFile(name); err == nil {
			t.Errorf("an output named %q was put", name)
		}
	}
	w := newWork(t, s, "key")
	if err := os.Symlink("/etc/passwd", w.File("link")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PutFile("link"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a symbolic link: %v", err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(w.Dir("dir"), "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PutDir("dir"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a symbolic link in a directory: %v", err)
	}
	if _, err := w.PutFile("none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing output: %v", err)
	}
	for _, key := range []string{"", "a", "../x", "a/b", strings.Repeat("a", 200)} {
		if _, err := s.Work(key); err == nil {
			t.Errorf("key %q was taken", key)
		}
	}
}

func TestScratch(t *testing.T) {
	dir := t.TempDir()
	first := openStore(t, dir)
	scratch, err := first.Scratch("key")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scratch, "step"), []byte("12"), 0o644); err != nil {
		t.Fatal(err)
	}
	first.Close()

	second := openStore(t, dir)
	scratch, err = second.Scratch("key")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(scratch, "step")); err != nil || string(b) != "12" {
		t.Errorf("the next try finds %q, %v", b, err)
	}
	for range 2 {
		if err := second.DropScratch("key"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(scratch); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("dropped scratch is still there: %v", err)
	}
}

func TestCheckSpace(t *testing.T) {
	s := openStore(t, t.TempDir())
	if err := s.CheckSpace(os.ErrNotExist, 1); err != os.ErrNotExist {
		t.Errorf("another error became %v", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer full.Close()
	_, err = full.Write(bytes.Repeat([]byte("x"), 10))
	var space *NoSpace
	if err := s.CheckSpace(err, 3<<20); !errors.As(err, &space) || space.Dir != s.Dir() || space.Free <= 0 || !strings.Contains(err.Error(), "3.00 MiB needed") {
		t.Errorf("a full disk: %v", err)
	}
}
