package sealed

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seal writes and seals a content.
func seal(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Seal(path); err != nil {
		t.Fatal(err)
	}
}

// found checks what Find gives: a content, or nothing; and whether it tells of damage.
func found(t *testing.T, path, want string, damage bool) {
	t.Helper()
	name, err := Find(path)
	if damaged := new(*Damaged); errors.As(err, damaged) != damage || err != nil && !damage {
		t.Errorf("Find says %v, damaged %v is expected", err, damage)
	}
	content := ""
	if name != "" {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		content = string(b)
	}
	if content != want {
		t.Errorf("Find gives %q, want %q", content, want)
	}
}

func TestSeal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.bin")
	found(t, path, "", false)
	found(t, filepath.Join(dir, "none", "state"), "", false)
	seal(t, path, "first")
	found(t, path, "first", false)
	seal(t, path, "second")
	seal(t, path, "second")
	found(t, path, "second", false)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v is there, %v", entries, err)
	}
	// sha256sum of "second", from elsewhere.
	if want := "state.bin.16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4"; entries[0].Name() != want {
		t.Errorf("its name is %s, want %s", entries[0].Name(), want)
	}
	// Another path that begins alike is another.
	seal(t, path+".other", "else")
	found(t, path, "second", false)
	// What is not sealed is not there.
	if err := os.WriteFile(filepath.Join(dir, "loose"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	found(t, filepath.Join(dir, "loose"), "", false)
}

// TestDamage: every bit that flips and every cut shows; what is damaged is gone, and
// one that a kill has left beside it is taken.
func TestDamage(t *testing.T) {
	const content = "some state"
	spoil := func(how func(b []byte) []byte) {
		t.Helper()
		dir := t.TempDir()
		path := filepath.Join(dir, "state")
		seal(t, path, content)
		names, err := sealedAt(path)
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		if err := os.WriteFile(names[0], how([]byte(content)), 0o644); err != nil {
			t.Fatal(err)
		}
		found(t, path, "", true)
		found(t, path, "", false)
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%v is left", entries)
		}
	}
	for bit := range 8 * len(content) {
		spoil(func(b []byte) []byte { b[bit/8] ^= 1 << (bit % 8); return b })
	}
	for length := range len(content) {
		spoil(func(b []byte) []byte { return b[:length] })
	}
	spoil(func(b []byte) []byte { return append(b, 0) })
	spoil(func(b []byte) []byte { return make([]byte, len(b)) })

	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	seal(t, path, "older")
	names, _ := sealedAt(path)
	newer := path + ".0000000000000000000000000000000000000000000000000000000000000000"
	if err := os.WriteFile(newer, []byte("newer"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(names[0], before, before); err != nil {
		t.Fatal(err)
	}
	found(t, path, "older", true)
	found(t, path, "older", false)
}

// What a kill may leave behind the last line is its beginning; anything else is damage.
func TestLinesBehindTheLast(t *testing.T) {
	whole := Line([]byte(`{"a":1}`))
	for i := range len(whole) - 1 {
		texts, damaged := Lines(append(append([]byte{}, whole...), whole[:i]...))
		if len(texts) != 1 || damaged != 0 {
			t.Errorf("cut behind %d bytes: %d intact, %d damaged", i, len(texts), damaged)
		}
	}
	for _, tail := range []string{"x", "0x", "\x00", "0123456789abcdefx", "AB", strings.Repeat("0", 17)} {
		texts, damaged := Lines(append(append([]byte{}, whole...), tail...))
		if len(texts) != 1 || damaged != 1 {
			t.Errorf("%q behind it: %d intact, %d damaged", tail, len(texts), damaged)
		}
	}
}

func TestLines(t *testing.T) {
	var content []byte
	for _, text := range []string{`{"step":1}`, "", `{"step":3}`} {
		content = append(content, Line([]byte(text))...)
	}
	check := func(content []byte, damaged int, want ...string) {
		t.Helper()
		texts, n := Lines(content)
		if n != damaged || len(texts) != len(want) {
			t.Fatalf("%q gives %q and %d damaged, want %q and %d", content, texts, n, want, damaged)
		}
		for i := range want {
			if string(texts[i]) != want[i] {
				t.Errorf("%q gives %q, want %q", content, texts, want)
			}
		}
	}
	// sha256sum of the first text, from elsewhere.
	if want := "8565a568653654ae {"; !bytes.HasPrefix(content, []byte(want)) {
		t.Errorf("the lines are %q", content)
	}
	check(nil, 0)
	check(content, 0, `{"step":1}`, "", `{"step":3}`)
	check(content[:len(content)-3], 0, `{"step":1}`, "") // a kill
	check(append(content[:len(content):len(content)], "\x00\x00\x00\n"...), 1, `{"step":1}`, "", `{"step":3}`)
	for bit := range 8 * len(content) {
		spoiled := bytes.Clone(content)
		spoiled[bit/8] ^= 1 << (bit % 8)
		texts, damaged := Lines(spoiled)
		if len(texts) == 3 || damaged == 0 && spoiled[len(spoiled)-1] == '\n' {
			t.Errorf("bit %d: %q passes", bit, spoiled)
		}
		if len(texts) == 0 {
			t.Errorf("bit %d costs all lines", bit)
		}
	}
}
