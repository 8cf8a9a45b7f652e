package backends

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// PJRTPathVariable is the environment variable that says where PJRT plugins lie:
// directories, or the files themselves, with colons between. --pjrt sets it.
const PJRTPathVariable = "PJRT_PLUGIN_LIBRARY_PATH"

// RootVariable is the environment variable that says where backends are installed.
// Unset, it is plumb/backends in the user's directory of data.
const RootVariable = "PLUMB_BACKENDS"

// Root is the directory that `plumb backend install` installs into.
func Root(variable func(name string) string) (string, error) {
	if named := variable(RootVariable); named != "" {
		return filepath.Abs(named)
	}
	data, err := userData(runtime.GOOS, variable)
	if err != nil {
		return "", fmt.Errorf("%w; %s names a directory for backends", err, RootVariable)
	}
	return filepath.Join(data, "plumb", "backends"), nil
}

// userData is where a user's programs keep data, for which Go's library has no
// function: what Linux calls XDG_DATA_HOME.
func userData(system string, variable func(name string) string) (string, error) {
	home := variable("HOME")
	switch system {
	case "windows":
		if dir := variable("LocalAppData"); dir != "" {
			return dir, nil
		}
		return "", errors.New("%LocalAppData% is not defined")
	case "darwin":
		if home != "" {
			return filepath.Join(home, "Library", "Application Support"), nil
		}
		return "", errors.New("$HOME is not defined")
	}
	if dir := variable("XDG_DATA_HOME"); filepath.IsAbs(dir) { // the standard wants others to be ignored
		return dir, nil
	}
	if home == "" {
		return "", errors.New("neither $XDG_DATA_HOME nor $HOME are defined")
	}
	return filepath.Join(home, ".local", "share"), nil
}

// Candidate is a file that may be the plugin of a backend.
type Candidate struct {
	Path   string `json:"path"`
	Source string `json:"source"`        // who says that it lies there
	Why    string `json:"why,omitempty"` // why it was passed over, in a sentence without a full stop
}

func (c Candidate) String() string {
	if c.Why == "" {
		return fmt.Sprintf("%s (%s)", c.Path, c.Source)
	}
	return fmt.Sprintf("%s (%s): %s", c.Path, c.Source, c.Why)
}

// Sources are the places where plugins are looked for, in their order.
var Sources = []string{
	"--pjrt or " + PJRTPathVariable,
	"plumb backend install",
	"the active virtual environment",
	"go-xla's directories",
}

// plugins are the files that may be the plugin of a backend, as patterns below a
// directory: by the names that go-xla gives them, and where wheels have them below
// site-packages. In what the user names, the directories within site-packages may
// be meant, too.
var plugins = map[string]struct{ named, wheels, within []string }{
	XLACPU: {
		named:  []string{"pjrt_c_api_cpu*_plugin.so", "pjrt-plugin-cpu*.so", "pjrt_plugin_cpu*.so"},
		wheels: []string{"xla_plugins/xla_cpu*/xla_cpu_pjrt.so"},
		within: []string{"xla_cpu_pjrt.so", "xla_cpu*/xla_cpu_pjrt.so"},
	},
	XLACUDA: {
		named:  []string{"pjrt_c_api_cuda*_plugin.so", "pjrt-plugin-cuda*.so", "pjrt_plugin_cuda*.so"},
		wheels: []string{"jax_plugins/xla_cuda*/xla_cuda_plugin.so"},
		within: []string{"xla_cuda_plugin.so", "xla_cuda*/xla_cuda_plugin.so"},
	},
}

// Find returns the plugins of a backend that lie on this machine, the first to be
// tried first; none is opened. What the user named and is not there is among them,
// with the reason, and what lies among the installed ones and was not installed whole.
func Find(name string, variable func(name string) string) []Candidate {
	patterns := plugins[name]
	all := named(name, variable(PJRTPathVariable))
	add := func(source, directory, why string, patterns ...[]string) {
		for _, path := range below(directory, patterns...) {
			if !slices.ContainsFunc(all, func(c Candidate) bool { return c.Path == path }) {
				all = append(all, Candidate{path, source, why})
			}
		}
	}
	if root, err := Root(variable); err == nil {
		versions, _ := filepath.Glob(filepath.Join(quoteGlob(root), strings.ReplaceAll(name, ":", "-"), "*"))
		for _, version := range slices.Backward(versions) {
			add(Sources[1], version, notInstalled(version), patterns.wheels)
		}
	}
	for _, variableName := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		environment := variable(variableName)
		if environment == "" {
			continue
		}
		sites, _ := filepath.Glob(filepath.Join(quoteGlob(environment), "lib", "python3*", "site-packages"))
		for _, site := range slices.Backward(sites) {
			add(Sources[2], site, "", patterns.wheels)
		}
	}
	if home := variable("HOME"); home != "" {
		add(Sources[3], filepath.Join(home, ".local", "lib", "go-xla"), "", patterns.named)
	}
	add(Sources[3], "/usr/local/lib/go-xla", "", patterns.named)
	return all
}

// manifest is the file in which `plumb backend install` says what it installed. It is
// the last that it writes.
const manifest = "manifest.json"

// notInstalled says why a directory among the installed backends is none that was
// installed, or nothing.
func notInstalled(directory string) string {
	text, err := os.ReadFile(filepath.Join(directory, manifest))
	switch lines, damaged := sealed.Lines(text); {
	case errors.Is(err, os.ErrNotExist):
		return "it was not installed, or not to the end: " + directory + " has no " + manifest + ". Remove the directory and install the backend"
	case err != nil:
		return err.Error()
	case len(lines) != 1 || damaged > 0:
		return filepath.Join(directory, manifest) + " is damaged: install the backend anew"
	}
	return ""
}

// named returns what a list of paths names: files, and directories of plugins. A
// plugin is told by its file's name to be for processors or for CUDA.
func named(name, paths string) (all []Candidate) {
	for _, path := range filepath.SplitList(paths) {
		if path == "" {
			continue
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			absolute = path
		}
		one := Candidate{Path: absolute, Source: Sources[0]}
		info, err := os.Stat(absolute)
		kind := strings.TrimPrefix(name, "xla:")
		file := strings.ToLower(filepath.Base(absolute))
		switch {
		case errors.Is(err, os.ErrNotExist):
			one.Why = "there is no such file"
		case err != nil:
			one.Why = err.Error()
		case info.IsDir():
			patterns := plugins[name]
			for _, path := range below(absolute, patterns.named, patterns.within, patterns.wheels) {
				all = append(all, Candidate{Path: path, Source: Sources[0]})
			}
			continue
		case strings.Contains(file, kind):
		case !strings.Contains(file, "cpu") && !strings.Contains(file, "cuda"):
			one.Why = "its name has neither cpu nor cuda in it, which tells what it is for"
		default:
			continue // for the other one
		}
		all = append(all, one)
	}
	return all
}

// below returns the files below a directory that match patterns; of several
// versions the highest first.
func below(directory string, patterns ...[]string) (paths []string) {
	for _, pattern := range slices.Concat(patterns...) {
		found, _ := filepath.Glob(filepath.Join(quoteGlob(directory), filepath.FromSlash(pattern))) // they are well formed
		for _, path := range slices.Backward(found) {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// quoteGlob makes a path a pattern that fits it alone.
func quoteGlob(path string) string {
	if runtime.GOOS == "windows" {
		return path // where it has no escapes
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
