package backends

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestInspect: what is no library of this machine, or not all of one, is refused
// before it is loaded.
func TestInspect(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ELF files are Linux's")
	}
	own, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	machine := func(n uint16) []byte {
		other := append([]byte(nil), own...)
		binary.LittleEndian.PutUint16(other[18:], n) // e_machine
		return other
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"itself":            {own, ""},
		"empty":             {nil, "not a shared library"},
		"a page":            {[]byte("<html></html>"), "not a shared library"},
		"cut off":           {own[:len(own)/2], "not whole"},
		"only its head":     {own[:100], "not whole"},
		"another processor": {machine(0x2a), "EM_SH"},
	} {
		path := filepath.Join(t.TempDir(), "x.so")
		if err := os.WriteFile(path, test.content, 0o644); err != nil {
			t.Fatal(err)
		}
		err := inspect(path)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if err := inspect(filepath.Join(t.TempDir(), "none.so")); err == nil {
		t.Error("no file is fine")
	}
}
