//go:build unix

package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/spec"
)

// TestPackagesThatChangeUnderTheirVersion: an editable package's code, and another build
// of a version, are another plugin while nothing of it runs.
func TestPackagesThatChangeUnderTheirVersion(t *testing.T) {
	const site = ".venv/lib/python3.11/site-packages/"
	const lock = "version = 1\n\n[manifest]\nrequirements = [\n    { name = \"my-lib\", editable = \"../lib\" },\n]\n\n[[package]]\nname = \"my-lib\"\nversion = \"0.1\"\nsource = { editable = \"../lib\" }\n\n[[package]]\nname = \"numpy\"\nversion = \"2.4.6\"\nsource = { registry = \"https://pypi.org/simple\" }\n"
	directory := t.TempDir()
	put(t, directory, map[string]string{
		".venv/pyvenv.cfg": "version = 3.11", ".venv/bin/python": "#!/bin/sh\n", "p/p.py": "import my_lib",
		site + "my_lib-0.1.dist-info/direct_url.json": `{"url":"file://` + directory + `/lib","dir_info":{"editable":true}}`,
		site + "built-1.0.dist-info/direct_url.json":  `{"url":"file:///tmp/built","dir_info":{}}`,
		site + "built-1.0.dist-info/RECORD":           "built.py,sha256=aa,1\nbuilt-1.0.dist-info/WHEEL,sha256=bb,1\n",
		site + "numpy-2.4.6.dist-info/METADATA":       "",
		"lib/my_lib/__init__.py":                      "x = 1", "lib/.git/HEAD": "ref", "lib/README.md": "words",
		"s/s.py": "# /// script\n# dependencies = [\"my-lib\"]\n# ///\n", "s/s.py.lock": lock,
	})
	entries := map[string]Entry{
		"environment": {Plugin: spec.Plugin{Name: "p", Source: "p", Command: []string{".venv/bin/python", "p/p.py"}, Directory: directory}},
		"script":      {Plugin: spec.Plugin{Name: "s", Source: "s/s.py", Directory: directory}},
	}
	uv := t.TempDir()
	put(t, uv, map[string]string{"uv": "#!/bin/sh\nexit 1\n"})
	t.Setenv("PATH", uv+":/usr/bin:/bin")
	for name, e := range entries {
		before := identityOf(t, e)
		put(t, directory, map[string]string{"lib/.git/HEAD": "other", "lib/README.md": name, site + "built-1.0.dist-info/RECORD": "built-1.0.dist-info/WHEEL,sha256=cc,1\nbuilt.py,sha256=aa,1\n__pycache__/built.pyc,,\n"})
		if same := identityOf(t, e); same.SHA256 != before.SHA256 {
			t.Errorf("%s: what is no code counts: %s", name, differences(before.Lines, same.Lines))
		}
		put(t, directory, map[string]string{"lib/my_lib/__init__.py": "x = '" + name + "'"})
		if now := identityOf(t, e); !strings.Contains(differences(before.Lines, now.Lines), "my-lib went from 0.1+") {
			t.Errorf("%s: the code of an editable package changed, and told is %q", name, differences(before.Lines, now.Lines))
		}
	}
	before := identityOf(t, entries["environment"])
	put(t, filepath.Join(directory, site), map[string]string{"built-1.0.dist-info/RECORD": "built.py,sha256=dd,1\n"})
	if now := identityOf(t, entries["environment"]); !strings.Contains(differences(before.Lines, now.Lines), "built went from 1.0+") {
		t.Errorf("another build changed, and told is %q", differences(before.Lines, now.Lines))
	}
}

// TestWherePackagesAre: those of a Python without an environment count as well, and those
// below an environment that lets them be found.
func TestWherePackagesAre(t *testing.T) {
	directory := t.TempDir()
	t.Setenv("HOME", filepath.Join(directory, "home"))
	put(t, directory, map[string]string{
		"usr/bin/python3.11": "#!/bin/sh\n",
		"usr/lib/python3.11/site-packages/numpy-2.4.6.dist-info/METADATA":          "",
		"usr/lib/python3.12/site-packages/other-1.0.dist-info/METADATA":            "",
		"usr/lib/python3/dist-packages/PyYAML-6.0-py3.11.egg-info":                 "",
		"home/.local/lib/python3.11/site-packages/Mine_Own-0.1.dist-info/METADATA": "",
		"home/.local/lib/python3.11/site-packages/numpy-2.5.0.dist-info/METADATA":  "",
		"open/lib/python3.11/site-packages/torch-2.15.0+cpu.dist-info/METADATA":    "",
		"open/pyvenv.cfg":   "home = /usr/bin\ninclude-system-site-packages = true\n",
		"closed/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = false\n",
		"closed/lib/python3.11/site-packages/torch-2.15.0+cpu.dist-info/METADATA": "",
		"closed/lib/python3.11/site-packages/numpy.libs/libopenblas.so":           "",
	})
	for _, name := range []string{"usr/bin/python3", "open/bin/python", "closed/bin/python"} {
		link := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(directory, "usr/bin/python3.11"), link); err != nil {
			t.Fatal(err)
		}
	}
	for python, want := range map[string]string{
		"usr/bin/python3":   "mine-own 0.1, numpy 2.5.0, pyyaml 6.0",
		"open/bin/python":   "mine-own 0.1, numpy 2.5.0, pyyaml 6.0, torch 2.15.0+cpu",
		"closed/bin/python": "torch 2.15.0+cpu",
	} {
		if got := strings.Join(installed(filepath.Join(directory, python)), ", "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", python, got, want)
		}
	}
}
