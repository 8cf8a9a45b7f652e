package digest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func of(t *testing.T, m *Memory, path string) string {
	t.Helper()
	d, err := m.Path(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestPath: the numbers are those of sha256sum.
func TestPath(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b/c"), "abc")
	write(t, filepath.Join(dir, "a"), "")
	const abc, empty = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	write(t, filepath.Join(dir, "../list"), empty+"  a\n"+abc+"  b/c\n")
	if got := of(t, nil, filepath.Join(dir, "b/c")); got != abc {
		t.Errorf("digest %s", got)
	}
	if got, want := of(t, nil, dir), of(t, nil, filepath.Join(dir, "../list")); got != want {
		t.Errorf("digest of the directory %s, want %s", got, want)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "circle")); err != nil {
		t.Fatal(err)
	}
	if _, err := (*Memory)(nil).Path(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a link to a directory: %v", err)
	}
	if _, err := (*Memory)(nil).Path(t.Context(), os.DevNull); err == nil {
		t.Error("a device has a digest")
	}
}

// later is a memory that believes it is an hour later, so that files of this
// test are not fresh.
func later(path string) *Memory {
	m := NewMemory(path)
	m.now = func() time.Time { return time.Now().Add(time.Hour) }
	return m
}

// TestMemory: an unchanged file is not read again, also by the next process; a
// change is seen even where size and time of content are the same.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "file"), filepath.Join(dir, "digests")
	write(t, path, "one")
	first := of(t, nil, path)
	m := later(kept)
	of(t, m, path)
	if err := m.Save(); err != nil {
		t.Fatal(err)
	}
	// What is remembered is used: a digest put in its place comes out.
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	mark := strings.Repeat("f", 64)
	lines, _ := sealed.Lines(text)
	write(t, kept, string(sealed.Line(lines[0]))+string(sealed.Line([]byte(strings.Replace(string(lines[1]), first, mark, 1)))))
	if got := of(t, later(kept), path); got != mark {
		t.Errorf("digest %s was not remembered", got)
	}
	// A memory that is damaged is as good as none.
	for name, damaged := range map[string]string{
		"nothing": "", "other": "something else\n" + string(text), "cut": string(text[:len(text)/2]), "garbage": string(sealed.Line([]byte(header))) + "1 2 3\n" + strings.Repeat("x", 1<<17),
		"a digit": strings.Replace(string(text), first[:8], "00000000", 1),
	} {
		write(t, kept, damaged)
		m := later(kept)
		if got := of(t, m, path); got != first {
			t.Errorf("%s: digest %s", name, got)
		}
		if (m.Damaged() > 0) != (name != "nothing" && name != "cut") { // a cut is what a kill leaves
			t.Errorf("%s: %d entries are damaged", name, m.Damaged())
		}
	}
	write(t, kept, string(text))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // the kernel's clock ticks every few
	write(t, path, "two")
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if got := of(t, later(kept), path); got == first && sealed.StampOf(info).Inode != 0 {
		t.Error("a change that was made to look old is not seen")
	}
}

// TestFresh: what has just changed is not remembered.
func TestFresh(t *testing.T) {
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "file"), filepath.Join(dir, "digests")
	write(t, path, "one")
	m := NewMemory(kept)
	of(t, m, path)
	if err := m.Save(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err == nil {
		t.Error("a file that is a moment old is remembered")
	}
	if err := later(filepath.Join(dir, "no/such/directory")).Save(); err != nil {
		t.Error(err)
	}
}

// TestForgets: entries that nobody asks for are dropped in the end.
func TestForgets(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "digests")
	old := entry{digest: strings.Repeat("a", 64), day: 1}
	write(t, kept, string(sealed.Line([]byte(header)))+string(old.line("/gone"))+string(entry{digest: strings.Repeat("b", 64), day: time.Now().Unix() / 86400}.line("/here and there")))
	write(t, filepath.Join(dir, "file"), "one")
	m := later(kept)
	of(t, m, filepath.Join(dir, "file"))
	if err := m.Save(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text); strings.Contains(s, "/gone") || !strings.Contains(s, "/here and there") || strings.Count(s, "\n") != 3 {
		t.Errorf("kept:\n%s", s)
	}
}

func BenchmarkRemembered(b *testing.B) {
	dir := b.TempDir()
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte("x"), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	m := later(filepath.Join(b.TempDir(), "digests"))
	for b.Loop() {
		if _, err := m.Path(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLinksAreTheirFiles: a file that is known by its own name is not read again
// for a link to it, and the digest of a directory of links is that of its files.
func TestLinksAreTheirFiles(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	if err := os.WriteFile(file, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	links, copies := filepath.Join(directory, "links"), filepath.Join(directory, "copies")
	for _, dir := range []string{links, copies} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(copies, "name"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../file", filepath.Join(links, "name")); err != nil {
		t.Skip("no links here")
	}
	m := NewMemory(filepath.Join(directory, "memory"))
	m.now = func() time.Time { return time.Now().Add(time.Hour) }
	linked, err := m.Path(t.Context(), links)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := m.Path(t.Context(), copies)
	if err != nil || copied != linked {
		t.Errorf("links have the digest %s, copies %s, %v", linked, copied, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Recall(file, info); !ok {
		t.Error("the file is not known by its own name")
	}
}
