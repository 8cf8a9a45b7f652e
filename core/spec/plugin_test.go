package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPathsThatEscape: whoever has the repository has the plugin, whichever argument
// names it.
func TestPathsThatEscape(t *testing.T) {
	root := filepath.Join(t.TempDir(), "repository")
	for _, directory := range []string{".git", "experiments"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(root, "experiments", "x.hcl")
	for arguments, refused := range map[string]bool{
		`source = "../redness"`:                                              false,
		`source = "../../redness"`:                                           true,
		`command = ["../bin/python", "-m", "redness"]`:                       false,
		`command = ["../../bin/python", "-m", "redness"]`:                    true,
		`command = ["python3", "../../redness.py"]`:                          true,
		`command = ["/usr/bin/python3", "../redness.py"]`:                    false,
		"source = \"../redness/redness\"\n  files = [\"../redness/*.json\"]": false,
		"source = \"../redness/redness\"\n  files = [\"../../*.json\"]":      true,
	} {
		text := "experiment \"x\" {}\nplugin \"redness\" {\n  " + arguments + "\n}\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, problems := LoadPlugins(t.Context(), path, Options{})
		if got := strings.Contains(problems.Error(), "Path leaves the"); got != refused || len(problems) > 1 {
			t.Errorf("%s: refused is %v, want %v: %v", arguments, got, refused, problems)
		}
		for _, one := range problems {
			if one.Subject.Start.Line < 3 {
				t.Errorf("%s: it is said at %+v", arguments, one.Subject)
			}
		}
	}
}
