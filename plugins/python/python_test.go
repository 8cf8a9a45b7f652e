package python

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// interpreter is the Python of an environment with the packages that plumb_plugin
// needs. Without one the test is skipped.
func interpreter(t testing.TB) string {
	t.Helper()
	path := os.Getenv("PLUMB_PYTHON")
	if path == "" {
		t.Skip("PLUMB_PYTHON names no Python with grpcio, protobuf, numpy and Pillow (.ci/run makes some)")
	}
	return path
}

// installed is a folder into which pip has installed the wheel.
func installed(t testing.TB, python string) string {
	t.Helper()
	name, content, err := Wheel()
	if err != nil {
		t.Fatal(err)
	}
	wheel := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(wheel, content, 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	run(t, "", nil, python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--target", folder, wheel)
	return folder
}

// run runs a command in a directory and returns what it printed.
func run(t testing.TB, directory string, environment []string, command ...string) string {
	t.Helper()
	said, err := tryRun(directory, environment, command...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, said)
	}
	return said
}

func tryRun(directory string, environment []string, command ...string) (string, error) {
	c := exec.Command(command[0], command[1:]...)
	c.Dir = directory
	c.Env = append(os.Environ(), append([]string{"PYTHONDONTWRITEBYTECODE=1", "OMP_NUM_THREADS=1"}, environment...)...)
	said, err := c.CombinedOutput()
	return string(said), err
}

// readable makes the cache of test results see files that another process reads.
func readable(t *testing.T, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no file %s: %v", pattern, err)
		}
		for _, file := range files {
			if _, err := os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPackage runs the package's own tests against the wheel.
func TestPackage(t *testing.T) {
	python := interpreter(t)
	readable(t, "tests/*.py", "tests/plugins/*.py")
	site := installed(t, python)
	files, err := filepath.Glob("tests/test_*.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".py")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := run(t, "tests", []string{"PYTHONPATH=" + site}, python, "-m", "unittest", name)
			if !strings.Contains(said, "\nOK") || strings.Contains(said, "Ran 0 tests") {
				t.Errorf("it did not say OK:\n%s", said)
			}
		})
	}
}

// TestTypes holds the package's types together, where mypy is there.
func TestTypes(t *testing.T) {
	python := interpreter(t)
	if _, err := tryRun("", nil, python, "-c", "import mypy"); err != nil {
		t.Skip("this environment has no mypy")
	}
	run(t, "", nil, python, "-m", "mypy", "--cache-dir", t.TempDir())
}

// begin writes the files of a new plugin.
func begin(t *testing.T, kind, name string) string {
	t.Helper()
	files, err := Template(kind, name)
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	for _, file := range files {
		path := filepath.Join(directory, filepath.FromSlash(file.Name))
		mode := os.FileMode(0o644)
		if file.Executable {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Content, mode); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(file.Content, []byte("TEMPLATE_")) {
			t.Errorf("%s has a gap that was not filled", file.Name)
		}
	}
	return directory
}

// image is a picture for a component to look at.
func image(t *testing.T, directory string) string {
	t.Helper()
	path := filepath.Join(directory, "image.png")
	if err := os.WriteFile(path, plainPNG(t, 5, 4, 200, 100, 100), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTemplate(t *testing.T) {
	python := interpreter(t)
	environment := []string{"PYTHONPATH=" + installed(t, python)}
	for kind, want := range map[string]string{
		"reward":  "0.5\timage.png\n",
		"rater":   "good\timage.png\n",
		"encoder": "[12]\timage.png\n",
		"sampler": "my_own2-0.png  a red ring\n",
	} {
		t.Run(kind, func(t *testing.T) {
			const name = "my_own2"
			directory := begin(t, kind, name)
			image(t, directory)
			said := run(t, directory, environment, python, name+".py")
			for _, part := range []string{`plugin "my_own2" {`, `source = "my_own2.py"`, fmt.Sprintf(`%s "my_own2" "mine" {`, kind)} {
				if !strings.Contains(said, part) {
					t.Errorf("run by hand it does not say %q:\n%s", part, said)
				}
			}
			if said := run(t, directory, environment, python, "-m", "unittest"); !strings.Contains(said, "\nOK") || strings.Contains(said, "Ran 0") {
				t.Errorf("its test did not say OK:\n%s", said)
			}
			tried := []string{python, name + ".py"}
			if kind != "encoder" {
				tried = append(tried, "--prompt", "a red ring")
			}
			if kind != "sampler" {
				tried = append(tried, "image.png")
			}
			if said := run(t, directory, environment, tried...); said != want {
				t.Errorf("tried by hand it says %q, want %q", said, want)
			}
		})
	}
}

func TestTemplateRefuses(t *testing.T) {
	for _, c := range []struct{ kind, name, want string }{
		{"critic", "redness", "no template for a critic in Python: there are reward, rater, encoder, sampler"},
		{"reward", "Redness", "is no name"},
		{"reward", "../redness", "is no name"},
		{"reward", "", "is no name"},
		{"reward", "class", "a word of the language"},
		{"reward", "numpy", "would hide the module numpy"},
		{"encoder", "json", "would hide the module json"},
	} {
		if _, err := Template(c.kind, c.name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Template(%q, %q) says %v, want %q", c.kind, c.name, err, c.want)
		}
	}
}

// TestTemplateWithUV runs a new plugin as its header says, in an environment that uv
// makes of it.
func TestTemplateWithUV(t *testing.T) {
	python := interpreter(t)
	uv := filepath.Join(filepath.Dir(python), "uv")
	if _, err := os.Stat(uv); err != nil {
		t.Skip("this environment has no uv")
	}
	directory := begin(t, "reward", "redness")
	image(t, directory)
	said, err := tryRun(directory, nil, uv, "run", "--quiet", "--python", python, "--script", "redness.py", "--prompt", "a ring", "image.png")
	if err != nil && (strings.Contains(said, "Failed to fetch") || strings.Contains(said, "error sending request")) {
		t.Skipf("its packages cannot be had: %s", said)
	}
	if err != nil || said != "0.5\timage.png\n" {
		t.Fatalf("says %q: %v", said, err)
	}
	// With its lock, and what the lock names, nothing is looked for.
	run(t, directory, nil, uv, "lock", "--quiet", "--python", python, "--script", "redness.py")
	lock, err := os.ReadFile(filepath.Join(directory, "redness.py.lock"))
	if err != nil || !bytes.Contains(lock, []byte("vendor/plumb_plugin-")) {
		t.Errorf("the lock does not name the wheel: %v\n%s", err, lock)
	}
	run(t, directory, nil, uv, "sync", "--quiet", "--frozen", "--python", python, "--script", "redness.py")
	if said := run(t, directory, nil, uv, "run", "--quiet", "--offline", "--frozen", "--python", python, "--script", "redness.py", "--prompt", "a ring", "image.png"); said != "0.5\timage.png\n" {
		t.Errorf("with its lock it says %q", said)
	}
	if said := run(t, directory, []string{"PATH=" + filepath.Dir(uv) + string(os.PathListSeparator) + os.Getenv("PATH")}, plumb(t), "plugin", "check", "redness.py"); !strings.Contains(said, "checks passed") {
		t.Errorf("checked, it says %s", said)
	}
}
