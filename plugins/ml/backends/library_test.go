package backends

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// libraryFile writes a file that has what a shared library has around its strings.
func libraryFile(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "xla_cuda_plugin.so")
	if err := os.WriteFile(path, []byte("\x7fELF"+strings.Join(parts, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScan: a flag is a C string of its own, wherever it lies; a field of a
// message, or a longer name, is none.
func TestScan(t *testing.T) {
	flag, filler := "\x00"+cacheFlag+"\x00", strings.Repeat("x", 1<<20)
	for name, test := range map[string]struct {
		content string
		knows   bool
	}{
		"a flag":             {"\x01" + flag + "help", true},
		"in a longer string": {"\x00set --" + cacheFlag + "\x00", true},
		"a message's field":  {"\x00%" + cacheFlag + "\x18\xb6\x02", false},
		"a longer name":      {"\x00" + cacheFlag + "_mode\x00", false},
		"a name before it":   {"\x00my_" + cacheFlag + "\x00", false},
		"nothing":            {"", false},
		"far away":           {filler + filler + flag, true},
		"across the seam":    {filler[:1<<20-4-20] + flag, true}, // parts of 1 MiB, of which 4 bytes are ELF's
		"at the very end":    {filler + "\x00" + cacheFlag + "\x00", true},
		"cut off":            {filler + "\x00" + cacheFlag, false},
	} {
		path := libraryFile(t, test.content)
		digest, has, err := scan(path, []string{"another_flag", cacheFlag})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte("\x7fELF" + test.content))
		if knows := slices.Equal(has, []string{cacheFlag}); knows != test.knows || len(has) > 1 || digest != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: found %v, digest %s", name, has, digest)
		}
	}
	// The same for parts of any size, as a reader may give them.
	for size := 1; size < 60; size++ {
		s := newScanner([]string{cacheFlag})
		for rest := []byte("some text before" + flag + "and after"); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if n, err := s.Write(rest[:min(size, len(rest))]); n != min(size, len(rest)) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if len(s.has()) != 1 {
			t.Errorf("in parts of %d bytes it is not found", size)
		}
	}
	if _, _, err := scan(filepath.Join(t.TempDir(), "none.so"), ourFlags); err == nil {
		t.Error("no file has no error")
	}
}

// TestIdentify: a library is read once, and again when the file is another one.
func TestIdentify(t *testing.T) {
	t.Setenv(CacheVariable, t.TempDir())
	path := libraryFile(t, "\x00"+cacheFlag+"\x00")
	first, err := identify(path)
	if err != nil || !first.knows(cacheFlag) || first.knows(packingFlag) || len(first.Digest) != 64 {
		t.Fatalf("%+v, %v", first, err)
	}
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
	if again, err := identify(path); err != nil || again.Digest != first.Digest {
		t.Errorf("%+v, %v", again, err)
	}
	// Of the same size and time, but at least one of them is remembered.
	if err := os.WriteFile(path, []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	if other, err := identify(path); err != nil || other.Digest == first.Digest || other.knows(cacheFlag) {
		t.Errorf("%+v, %v", other, err)
	}
	if _, err := identify(t.TempDir()); err == nil {
		t.Error("a directory is a library")
	}
	t.Setenv(CacheVariable, filepath.Join(path, "below")) // cannot be made
	if got, err := identify(path); err != nil || got.Digest == "" {
		t.Errorf("where nothing can be remembered: %+v, %v", got, err)
	}
}
