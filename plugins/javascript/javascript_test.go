package javascript

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command in a directory and returns what it printed.
func run(t *testing.T, directory, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = directory
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, arguments, err, said)
	}
	return string(said)
}

// TestProtocol holds the plugin against all that is asked of one, and against a number
// by hand.
func TestProtocol(t *testing.T) {
	modules := os.Getenv("PLUMB_NODE_MODULES")
	if modules == "" {
		t.Skip("PLUMB_NODE_MODULES names no directory with @grpc/grpc-js and @grpc/proto-loader (.ci/run makes one)")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no node")
	}
	directory := t.TempDir()
	plumb := filepath.Join(t.TempDir(), "plumb")
	run(t, "../..", "go", "build", "-o", plumb, "./cmd/plumb")
	for from, to := range map[string]string{modules: "node_modules", "../sdk/proto/plumb": "proto/plumb"} {
		if err := os.CopyFS(filepath.Join(directory, to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"blueness.js", "package.json", "package-lock.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	checked := run(t, directory, plumb, "plugin", "check", "./blueness.js")
	for _, word := range []string{"with @grpc/grpc-js", `reward "blueness"`, "ok      sizes", "ok      cancel", "ok      orphans", "12 checks passed, 2 things to look at"} {
		if !strings.Contains(checked, word) {
			t.Errorf("check does not say %q:\n%s", word, checked)
		}
	}

	// Blue is 255, 51 and 0 in three pixels: a mean of 102 of 255, which is 0.4.
	picture := image.NewRGBA(image.Rect(0, 0, 3, 1))
	for x, blue := range []uint8{255, 51, 0} {
		picture.SetRGBA(x, 0, color.RGBA{R: 9, G: 7, B: blue, A: 255})
	}
	file, err := os.Create(filepath.Join(directory, "picture.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, picture); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if said := run(t, directory, plumb, "plugin", "try", "./blueness.js", "score", "picture.png", "--prompt", "x", "--set", "gain=2"); !strings.Contains(said, "\n0.8 ") {
		t.Errorf("the score is not 0.8:\n%s", said)
	}
}
