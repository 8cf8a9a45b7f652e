package pjrt

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCache: what is written is read, byte for byte; what is not, or is damaged
// anywhere, is not there, and is gone afterwards.
func TestCache(t *testing.T) {
	c := &Cache{Dir: t.TempDir()}
	key, code := keyOf("salt", []byte("program")), bytes.Repeat([]byte("code"), 1000)
	if _, ok := c.read(key); ok {
		t.Fatal("something is there")
	}
	c.lock(key)()
	c.write(key, code)
	if got, ok := c.read(key); !ok || !bytes.Equal(got, code) {
		t.Fatalf("read %d bytes, %v", len(got), ok)
	}
	whole, err := os.ReadFile(c.path(key))
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"the code":   func(b []byte) []byte { b[len(b)-7] ^= 1; return b },
		"the digest": func(b []byte) []byte { b[len(magic)+3] ^= 1; return b },
		"the magic":  func(b []byte) []byte { b[0] ^= 1; return b },
		"its end":    func(b []byte) []byte { return b[:len(b)-1] },
		"all but it": func(b []byte) []byte { return b[:len(magic)] },
		"everything": func([]byte) []byte { return nil },
		"and longer": func(b []byte) []byte { return append(b, 0) },
	} {
		if err := os.WriteFile(c.path(key), damage(bytes.Clone(whole)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.read(key); ok {
			t.Errorf("%s is damaged, and it is read", name)
		}
		if _, err := os.Stat(c.path(key)); !os.IsNotExist(err) {
			t.Errorf("%s is damaged, and it stays", name)
		}
	}
}

// TestKeys: parts are not taken for one another, and everything counts.
func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	for _, parts := range [][]string{{"", "ab", "c"}, {"", "a", "bc"}, {"a", "b", "c"}, {"", "abc", ""}, {"", "", "abc"}, {"x", "ab", "c"}} {
		key := keyOf(parts[0], []byte(parts[1]), []byte(parts[2]))
		if seen[key] || len(key) != 64 {
			t.Errorf("%q has the key %s of another", parts, key)
		}
		seen[key] = true
	}
}

// TestPrune: what was used longest ago goes first, and leftovers of processes that
// were killed go with it.
func TestPrune(t *testing.T) {
	c := &Cache{Dir: t.TempDir(), Limit: 2500}
	var keys []string
	for i := range 4 {
		key := keyOf("", []byte{byte(i)})
		keys = append(keys, key)
		c.lock(key)()
		c.write(key, make([]byte, 900))
		then := time.Now().Add(time.Duration(i-10) * time.Minute)
		if i == 0 { // used just now
			c.read(key)
		} else if err := os.Chtimes(c.path(key), then, then); err != nil && i < 2 {
			t.Fatal(err)
		}
	}
	left := filepath.Join(filepath.Dir(c.path(keys[0])), ".killed.123")
	if err := os.WriteFile(left, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	c.prune()
	var there []int
	for i, key := range keys {
		if _, err := os.Stat(c.path(key)); err == nil {
			there = append(there, i)
		}
	}
	if len(there) != 2 || there[0] != 0 || there[1] != 3 {
		t.Errorf("kept %v, want the one that was used now and the newest", there)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Error("a leftover stays")
	}
}

// TestLock: of those who want a program at the same time, one after the other has it.
func TestLock(t *testing.T) {
	c := &Cache{Dir: t.TempDir()}
	key := keyOf("", nil)
	var inside, most int
	var lock sync.Mutex
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			unlock := c.lock(key)
			defer unlock()
			lock.Lock()
			inside++
			most = max(most, inside)
			lock.Unlock()
			time.Sleep(5 * time.Millisecond)
			lock.Lock()
			inside--
			lock.Unlock()
		})
	}
	wait.Wait()
	if most != 1 {
		t.Errorf("%d are inside at once", most)
	}
}

// TestUnwritable: where nothing can be kept, nothing is, and nothing else happens.
func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := &Cache{Dir: filepath.Join(file, "below")}
	key := keyOf("", nil)
	c.lock(key)()
	c.write(key, []byte("code"))
	if _, ok := c.read(key); ok {
		t.Error("it was kept")
	}
}

// TestWatch: the oldest of what compiles now counts, and what has ended is summed up.
func TestWatch(t *testing.T) {
	before := Watch()
	first := time.Now().Add(-2 * time.Second)
	endFirst, endSecond := compiling(first), compiling(first.Add(time.Second))
	if now := Watch(); !now.Since.Equal(first) {
		t.Errorf("since %v, want %v", now.Since, first)
	}
	endFirst()
	if now := Watch(); !now.Since.Equal(first.Add(time.Second)) {
		t.Errorf("since %v after the first has ended", now.Since)
	}
	endSecond()
	now := Watch()
	if took := now.Took - before.Took; !now.Since.IsZero() || now.Done != before.Done+2 || took < 3*time.Second || took > 4*time.Second {
		t.Errorf("%+v after %+v", now, before)
	}
}

// TestWriteProgram: a program is written once, under a name of its own.
func TestWriteProgram(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "programs")
	for _, program := range []string{"module @a {}", "module @b {}", "module @a {}"} {
		if err := writeProgram(directory, []byte(program)); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(directory)
	if err != nil || len(entries) != 2 || !strings.HasSuffix(entries[0].Name(), ".mlir") {
		t.Errorf("%v, %v", entries, err)
	}
}
