package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// TestWalkthrough runs the commands of docs/plugins.md as they stand, in a directory
// outside of the repository: a reward of one's own in Go, and one in Python.
func TestWalkthrough(t *testing.T) {
	backendstest.Only(t, backends.Go)
	if testing.Short() {
		t.Skip("it builds a plugin")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	page, err := os.ReadFile("../../docs/plugins.md")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, work := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "plumb")); err != nil {
		t.Skip(err)
	}
	path := bin + string(os.PathListSeparator) + os.Getenv("PATH")
	if python := os.Getenv("PLUMB_PYTHON"); python != "" {
		path += string(os.PathListSeparator) + filepath.Dir(python) // where uv is, too
	}
	follow := func(t *testing.T, section string, wants ...string) {
		t.Helper()
		commands := commandsOf(string(page), section)
		if commands == "" {
			t.Fatalf("docs/plugins.md has no commands under %q", section)
		}
		bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
		bash.Dir = work
		bash.Env = append(os.Environ(), "PATH="+path, shipped+"=1", "GOPROXY=off", "GOFLAGS=", "NO_COLOR=1")
		out, err := bash.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range wants {
			if !regexp.MustCompile(want).Match(out) {
				t.Errorf("nothing matches %q in:\n%s", want, out)
			}
		}
	}
	t.Run("go", func(t *testing.T) {
		follow(t, "## In Go",
			`ok\s+example.com/redness`, `golden scores are written`, `\d+ checks passed, 1 thing to look at`,
			`(?m)^score +image\n0\.\d+ +drawn/001-0.png$`, `redness  locked`, `score/main/scenes/mine +36 images, redness`, `(?m)^scenes \* +0\.\d+`)
	})
	t.Run("python", func(t *testing.T) {
		if t.Failed() {
			t.SkipNow()
		}
		if out, err := exec.Command("env", "PATH="+path, "uv", "--version").CombinedOutput(); err != nil {
			t.Skipf("SKIPPED: there is no uv on the PATH, or beside PLUMB_PYTHON: %s", out)
		}
		if _, err := os.Stat(filepath.Join(work, "drawn")); err != nil {
			t.Skip("the part in Go draws the images")
		}
		follow(t, "## In Python",
			`(?m)^plugin "shade" \{`, `golden scores are written`, `\d+ checks passed`,
			`(?m)^score +image\n0\.\d+ +drawn/001-0.png$`, `shade  locked`, `score/main/scenes/mine +36 images, shade`, `(?m)^scenes \* +0\.\d+`)
	})
}

// commandsOf are the commands of a section of a page, in blocks that are marked sh.
func commandsOf(page, section string) string {
	_, rest, found := strings.Cut(page, "\n"+section+"\n")
	if !found {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var out strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(rest, -1) {
		out.WriteString(block[1])
	}
	return out.String()
}
