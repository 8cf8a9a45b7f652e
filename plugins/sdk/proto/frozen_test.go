package proto

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Released files never change: a plugin that was built against them is out
// there. Comments may not change either, which keeps the test simple. A new
// file is added to the list when it is released.
func TestReleasedFilesAreFrozen(t *testing.T) {
	list, err := os.Open("testdata/released.sha256")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	released := map[string]string{}
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		digest, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			t.Fatalf("line %q is not a digest and a name", lines.Text())
		}
		released[name] = digest
	}

	files, err := filepath.Glob("plumb/plugin/v*/*.proto")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.ToSlash(file)
		want, ok := released[name]
		if !ok {
			t.Errorf("%s is not in testdata/released.sha256: add it when it is released", name)
			continue
		}
		delete(released, name)
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s has changed since its release: say what is new in a new version beside it", name)
		}
	}
	for name := range released {
		t.Errorf("%s was released and is gone", name)
	}
}
