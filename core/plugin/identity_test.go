//go:build unix

package plugin

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// put writes files below a directory.
func put(t testing.TB, directory string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func identityOf(t testing.TB, e Entry) identity {
	t.Helper()
	of, err := e.resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id, err := e.identify(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// What changes a plugin's answers changes its digest, and nothing else does.
func TestIdentityOfFiles(t *testing.T) {
	files := map[string]string{
		"redness/redness":              "#!/bin/sh\n",
		"redness/helper.py":            "x = 1",
		"redness/data/table.json":      "{}",
		"redness/__pycache__/a.pyc":    "old",
		"redness/.git/HEAD":            "ref",
		"redness/.venv/bin/thing":      "1",
		"redness/env/pyvenv.cfg":       "version = 3",
		"redness/env/lib/thing.py":     "1",
		"redness/runs/store/blobs/aa":  "1",
		"redness/runs/mine/report.md":  "1",
		"redness/golden/reward.x.json": "{}",
		"redness/mine.hcl":             "experiment",
		"redness/README.md":            "words",
		"redness/golden/a.json":        "[]",
		"redness/plumb.lock.hcl":       "plugin",
		"redness/redness.egg-info/PKG": "1",
		"extra/weights.json":           "[]",
		"extra/notes.txt":              "",
	}
	entries := map[string]spec.Plugin{
		"script":         {Source: "redness/redness"},
		"directory":      {Source: "redness"},
		"script, listed": {Source: "redness/redness", Files: []string{"redness/*.py", "extra/*.json"}},
		"command":        {Source: "redness", Command: []string{"/bin/sh", "redness/redness", "--gain=1"}},
		"command alone":  {Command: []string{"/bin/sh", "redness/redness"}, Files: []string{"extra"}},
	}
	matters := map[string][]string{
		"script":         {"redness/redness", "redness/helper.py", "redness/data/table.json"},
		"directory":      {"redness/redness", "redness/helper.py", "redness/data/table.json"},
		"script, listed": {"redness/redness", "redness/helper.py", "extra/weights.json"},
		"command":        {"redness/redness", "redness/helper.py", "redness/data/table.json"},
		"command alone":  {"redness/redness", "extra/weights.json", "extra/notes.txt"},
	}
	for name, plugin := range entries {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			put(t, directory, files)
			plugin.Name, plugin.Directory = "redness", directory
			e := Entry{Plugin: plugin, Allowed: true}
			before := identityOf(t, e)
			for file, text := range files {
				put(t, directory, map[string]string{file: text + "#changed\n"})
				changed := identityOf(t, e)
				want := false
				for _, one := range matters[name] {
					want = want || one == file
				}
				if got := changed.SHA256 != before.SHA256; got != want {
					t.Errorf("%s changed: the digest changes is %v, want %v", file, got, want)
				}
				if want && !strings.Contains(differences(before.Lines, changed.Lines), filepath.Base(file)+" has changed") {
					t.Errorf("%s changed, and told is %q", file, differences(before.Lines, changed.Lines))
				}
				put(t, directory, map[string]string{file: text})
			}
			if again := identityOf(t, e); again.SHA256 != before.SHA256 {
				t.Error("the same files have another digest")
			}
			elsewhere := filepath.Join(t.TempDir(), "b")
			put(t, elsewhere, files)
			e.Directory = elsewhere
			if moved := identityOf(t, e); moved.SHA256 != before.SHA256 {
				t.Errorf("another directory has another digest: %s", differences(before.Lines, moved.Lines))
			}
			if len(plugin.Command) > 2 {
				e.Command = append([]string{}, plugin.Command...)
				e.Command[2] = "--gain=2"
				if other := identityOf(t, e); other.SHA256 == before.SHA256 {
					t.Error("another argument has the same digest")
				}
			}
		})
	}
}

// TestIdentityOfAVirtualEnvironment: another version of a package is another plugin,
// before anything of it runs.
func TestIdentityOfAVirtualEnvironment(t *testing.T) {
	directory := t.TempDir()
	put(t, directory, map[string]string{
		".venv/pyvenv.cfg": "version = 3.11", "redness/__main__.py": "",
		".venv/bin/python": "#!/bin/sh\n",
		".venv/lib/python3.11/site-packages/numpy-2.4.6.dist-info/METADATA":        "",
		".venv/lib/python3.11/site-packages/scikit_learn-1.5.0.dist-info/METADATA": "",
	})
	e := Entry{Plugin: spec.Plugin{Name: "redness", Source: "redness", Command: []string{".venv/bin/python", "-m", "redness"}, Directory: directory}}
	before := identityOf(t, e)
	packages := filepath.Join(directory, ".venv/lib/python3.11/site-packages")
	if err := os.Rename(filepath.Join(packages, "numpy-2.4.6.dist-info"), filepath.Join(packages, "numpy-2.5.0.dist-info")); err != nil {
		t.Fatal(err)
	}
	put(t, packages, map[string]string{"torch-2.15.dist-info/METADATA": ""})
	now := identityOf(t, e)
	if got, want := differences(before.Lines, now.Lines), "numpy went from 2.4.6 to 2.5.0, torch 2.15 was added"; now.SHA256 == before.SHA256 || got != want {
		t.Errorf("told is %q, want %q", got, want)
	}
	of, err := e.resolve(t.Context())
	if err != nil || of.environment[0] != "PYTHONPATH="+directory {
		t.Errorf("%q, %v", of.environment, err)
	}
}

// What is wrong with a block is said before anything runs, at its line.
func TestWhatCannotBeResolved(t *testing.T) {
	directory := t.TempDir()
	elsewhere := t.TempDir()
	foreign := "arm64"
	if runtime.GOARCH == foreign {
		foreign = "amd64"
	}
	machines := map[string]byte{"amd64": 62, "arm64": 183}
	elf := make([]byte, 64)
	copy(elf, "\x7fELF\x02\x01\x01")
	elf[16], elf[18], elf[20], elf[52], elf[54], elf[58] = 2, machines[foreign], 1, 64, 56, 64
	macho := make([]byte, 32)
	copy(macho, "\xcf\xfa\xed\xfe\x0c\x00\x00\x01")
	put(t, directory, map[string]string{
		"redness":         "#!/bin/sh\n",
		"foreign":         string(elf),
		"damaged":         "\x7fELF",
		"mac":             string(macho),
		"windows.exe":     "MZ\x90\x00",
		"empty":           "",
		"noise":           "\x01\x02",
		"nointerpreter":   "#!/opt/none/python3\n",
		"noenv":           "#!/usr/bin/env snake3.11\n",
		"crlf":            "#!/bin/sh\r\necho\r\n",
		"nothing":         "#!\n",
		"bare.py":         "print(1)\n",
		"several/a.py":    "# /// script\n# dependencies = []\n# ///\n",
		"several/b.py":    "# /// script\n# dependencies = []\n# ///\n",
		"plain/x.py":      "print(1)\n",
		"linked/linked":   "#!/bin/sh\n",
		"elsewhere/keep":  "",
		".venv/bin/notes": "",
	})
	if err := os.Chmod(filepath.Join(directory, "bare.py"), 0o644); err != nil {
		t.Fatal(err)
	}
	put(t, elsewhere, map[string]string{"secret": "x"})
	if err := os.Symlink(filepath.Join(elsewhere, "secret"), filepath.Join(directory, "linked", "weights")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		plugin spec.Plugin
		words  []string
	}{
		"missing":        {spec.Plugin{Source: "./rednes"}, []string{"is not there", `Did you mean "redness"?`}},
		"another":        {spec.Plugin{Source: "foreign"}, []string{"was built for another machine", foreign, "GOARCH=" + runtime.GOARCH}},
		"another system": {spec.Plugin{Source: "mac"}, []string{"was built for another machine", "darwin/arm64"}},
		"windows":        {spec.Plugin{Source: "windows.exe"}, []string{"was built for another machine", "windows"}},
		"damaged":        {spec.Plugin{Source: "damaged"}, []string{"was built for another machine", "damaged"}},
		"empty":          {spec.Plugin{Source: "empty"}, []string{"is an empty file"}},
		"noise":          {spec.Plugin{Source: "noise"}, []string{"is no program"}},
		"interpreter":    {spec.Plugin{Source: "nointerpreter"}, []string{"The interpreter of plugin", "no program /opt/none/python3"}},
		"env":            {spec.Plugin{Source: "noenv"}, []string{"The interpreter of plugin", `no program "snake3.11" is on the PATH`}},
		"carriage":       {spec.Plugin{Source: "crlf"}, []string{"carriage return"}},
		"shebang":        {spec.Plugin{Source: "nothing"}, []string{"#! and nothing more"}},
		"python":         {spec.Plugin{Source: "bare.py"}, []string{"is not executable", "PEP 723", `command = [".venv/bin/python", "bare.py"]`}},
		"several":        {spec.Plugin{Source: "several"}, []string{"several scripts", "a.py and b.py"}},
		"directory":      {spec.Plugin{Source: "plain"}, []string{"is a directory", "command = ["}},
		"link":           {spec.Plugin{Source: "linked"}, []string{"a link that leaves its directory", elsewhere}},
		"files":          {spec.Plugin{Source: "redness", Files: []string{"*.bin"}}, []string{`called "*.bin"`}},
		"command":        {spec.Plugin{Source: "plain", Command: []string{".venv/bin/python", "x.py"}}, []string{"is not there", "python3 -m venv"}},
		"PATH":           {spec.Plugin{Source: "plain", Command: []string{"snake"}}, []string{`No program "snake" is on the PATH`}},
		"word":           {spec.Plugin{Source: "plain", Command: []string{"sh", "./plain/y.py"}}, []string{"A file of the command", `Did you mean "x.py"?`}},
		"script":         {spec.Plugin{Command: []string{"python3", "bar.py"}}, []string{"A file of the command", `Did you mean "bare.py"?`}},
		"nothing known":  {spec.Plugin{Command: []string{"python3", "-m", "redness"}}, []string{"Nothing of plugin", "source ="}},
		"no source":      {spec.Plugin{}, []string{"has no source"}},
	} {
		t.Run(name, func(t *testing.T) {
			plugin := test.plugin
			plugin.Name, plugin.Directory = "strange", directory
			plugin.Range.File, plugin.Range.Start.Line = "x.hcl", 7
			e := Entry{Plugin: plugin, Allowed: true}
			of, err := e.resolve(t.Context())
			if err == nil {
				_, err = e.identify(t.Context(), of)
			}
			says(t, err, test.words...)
			if at := asList(err)[0].Subject; at.File != "x.hcl" || at.Start.Line != 7 {
				t.Errorf("it is said at %+v", at)
			}

			// Of one that is not locked the same is said, and not that a lock is missing.
			if asList(err)[0].Summary == `Plugin "strange" has a link that leaves its directory` {
				return // which is found when all of it is read
			}
			host := NewHost(Options{Plugins: []Entry{{Plugin: plugin}}})
			defer host.Kill()
			_, unlocked := host.Catalog(t.Context())
			says(t, unlocked, test.words...)
		})
	}
}

// TestGoSourcesBesideTheirProgram: of a directory with a program that Go built, the
// sources are in the program already; what else lies there may be read by it.
func TestGoSourcesBesideTheirProgram(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	put(t, directory, map[string]string{"redness/go.mod": "module a", "redness/main.go": "package main", "redness/deeper/x.go": "package deeper", "redness/data.json": "{}"})
	if err := os.Link(own, filepath.Join(directory, "redness/redness")); err != nil {
		t.Skipf("the test's program cannot be linked: %v", err)
	}
	for _, command := range [][]string{nil, {"redness/redness", "--serve"}} {
		e := Entry{Plugin: spec.Plugin{Name: "redness", Source: "redness", Command: command, Directory: directory}, Allowed: true}
		before := identityOf(t, e)
		put(t, directory, map[string]string{"redness/go.mod": "module b", "redness/main.go": "package main // changed", "redness/deeper/x.go": "package x", "redness/x_test.go": "package main"})
		if after := identityOf(t, e); after.SHA256 != before.SHA256 {
			t.Errorf("command %q: changed comments are another plugin: %s", command, differences(before.Lines, after.Lines))
		}
		put(t, directory, map[string]string{"redness/data.json": fmt.Sprint(command)})
		if after := identityOf(t, e); after.SHA256 == before.SHA256 {
			t.Errorf("command %q: changed data is the same plugin", command)
		}
	}
}

func TestEnvironmentIsSmall(t *testing.T) {
	got := passedOn([]string{"PATH=/bin", "AWS_SECRET_ACCESS_KEY=x", "HF_TOKEN=y", "LC_ALL=C", "LC_SECRET=s", "NVIDIA_VISIBLE_DEVICES=0", "NVIDIA_API_KEY=n", "XDG_TOKEN=t", "HF_HOME=/h", "PYTHONPATH=/p", "LD_PRELOAD=/l", "MINE=1"}, []string{"MINE", "NONE"})
	want := "PATH=/bin LC_ALL=C NVIDIA_VISIBLE_DEVICES=0 HF_HOME=/h MINE=1"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestVariablesCount: a variable that the block names changes what the plugin is asked,
// and keys tell its values apart without holding them. A secret is in no key.
func TestVariablesCount(t *testing.T) {
	named := []string{"MODE", "MAX_TOKENS", "GONE", "HF_TOKEN", "OPENAI_API_KEY", "AWS_ACCESS_KEY_ID", "DB_PASSWORD"}
	of := func(mode string) map[string]string {
		return variables([]string{"MODE=" + mode, "MAX_TOKENS=77", "HF_TOKEN=hf_secret", "OPENAI_API_KEY=sk", "DB_PASSWORD=p", "PATH=/bin", "OTHER=1"}, named)
	}
	one, other := of("strict"), of("lax")
	if one["MODE"] == other["MODE"] || one["MAX_TOKENS"] != other["MAX_TOKENS"] || one["GONE"] != "not set" {
		t.Errorf("%v and %v", one, other)
	}
	if names := slices.Sorted(maps.Keys(one)); !slices.Equal(names, []string{"GONE", "MAX_TOKENS", "MODE"}) {
		t.Errorf("variables in keys: %q", names)
	}
	if strings.Contains(fmt.Sprint(one), "strict") {
		t.Errorf("a value can be read: %v", one)
	}
	if of := variables([]string{"NVIDIA_TF32_OVERRIDE=0"}, nil); len(of) != 1 {
		t.Errorf("what changes the arithmetic: %v", of)
	}
	if of := variables([]string{"PATH=/bin"}, nil); len(of) != 0 {
		t.Errorf("nothing is named: %v", of)
	}
}

// TestWhatWasDigestedRuns: a program that is put in the place of another after it was
// looked at does not run in its place.
func TestWhatWasDigestedRuns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("programs are run by their descriptor on Linux alone")
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tiny")
	text, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	e := Entry{Plugin: spec.Plugin{Name: "tiny", Command: []string{path, asTiny}}, Allowed: true}
	of, err := e.resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	of.opened = file
	before, err := e.identify(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(t.TempDir(), "ran")
	other := filepath.Join(t.TempDir(), "other")
	put(t, filepath.Dir(other), map[string]string{"other": "#!/bin/sh\ntouch " + note + "\n"})
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	h := tinyHost(t)
	p := newProvider(h, e, false)
	started, err := startProcess(t.Context(), p, of, file)
	if err != nil {
		t.Fatal(err)
	}
	defer started.end()
	if description, err := started.client.Describe(t.Context()); err != nil || description.Name != "tiny" {
		t.Errorf("%+v, %v", description, err)
	}
	if _, err := os.Stat(note); err == nil {
		t.Error("the other program ran")
	}
	if again, err := e.identify(t.Context(), of); err != nil || again.SHA256 != before.SHA256 {
		t.Errorf("the program that runs has another digest: %v", err)
	}
	if changed := identityOf(t, e); changed.SHA256 == before.SHA256 {
		t.Error("the program at the path is not seen to have changed")
	}
}

// TestLocked: a locked plugin is not started to be asked, and what is not as it was
// locked is refused.
func TestLocked(t *testing.T) {
	entry := self(t, asTiny)
	path := script(t, fmt.Sprintf("echo started >> $NOTE\nexec %s %s\n", entry.Command[0], asTiny))
	note := filepath.Join(t.TempDir(), "note")
	t.Setenv("NOTE", note)
	e := named("tiny", path)
	e.Environment = []string{"NOTE"}
	locked, err := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{e} }).Lock(t.Context(), "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(note); err != nil {
		t.Fatal("it was not started to be locked")
	}
	host := func() *Host {
		one := e
		one.Lock, one.Allowed = locked, false
		return tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{one} })
	}
	h := host()
	c, err := h.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if of, ok := c.Component("reward", "tiny/tiny"); !ok || of.SHA256 != locked.SHA256 {
		t.Errorf("%+v", of)
	}
	if _, err := os.Stat(note); err == nil {
		t.Error("a locked plugin was started to be asked")
	}
	if got, err := scores(t.Context(), open(t, h, "reward", "tiny/tiny"), pngs(t, 1)); err != nil || got[0] != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := os.Stat(note); err != nil {
		t.Error("it did not run")
	}

	// Another description than the locked one.
	locked.Description.Environment = map[string]string{"python": "3.11.2"}
	for name := range describedNow(t, h).Environment {
		locked.Description.Environment[name] = "0.1"
	}
	other := host()
	_, err = other.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "tiny/tiny"})
	says(t, err, `Plugin "tiny" does not describe itself as before`, "python 3.11.2 was removed", "lock it again")

	put(t, filepath.Dir(path), map[string]string{"helper.py": "x = 1"})
	_, err = host().Catalog(t.Context())
	says(t, err, `Plugin "tiny" is not the one that was locked`, "helper.py is new", "plumb plugin lock")

	one := e
	one.Allowed = false
	_, err = tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{one} }).Catalog(t.Context())
	says(t, err, `Plugin "tiny" is not locked`, "--allow-plugins", "plumb plugin lock")
}

func describedNow(t *testing.T, h *Host) client.Description {
	t.Helper()
	description, err := h.providers[0].process.client.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return description
}

// TestFilesThatChangeWhileAScriptRuns: an interpreter reads its files as it goes, so
// that they are looked at again whenever a component is opened.
func TestFilesThatChangeWhileAScriptRuns(t *testing.T) {
	entry := self(t, asTiny)
	path := script(t, fmt.Sprintf("exec %s %s\n", entry.Command[0], asTiny))
	h := tinyHost(t, func(o *Options) { o.Builtin, o.Plugins = Entry{}, []Entry{named("tiny", path)} })
	open(t, h, "reward", "tiny")
	put(t, filepath.Dir(path), map[string]string{"helper.py": "x = 2"})
	_, err := h.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "tiny"})
	says(t, err, `Plugin "tiny" changed while Plumb was running`, "helper.py is new", "files = [...]")
}
