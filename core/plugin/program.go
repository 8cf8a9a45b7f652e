package plugin

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// program is how a plugin's process is started, and what it is made of.
type program struct {
	argv        []string // the first is a path
	environment []string // in addition
	native      bool     // argv[0] is the machine's own code, and no script
	opened      *os.File // argv[0], to be read in the place of what its path leads to; nil: the path
	shown       string   // what messages call it

	words       []string  // of the block's command, as they are written
	interpreter string    // what runs it, if that is not digested itself: "python3.11"
	packages    []string  // installed beside that, in a virtual environment: "numpy 2.4.6"
	contents    []content // that its answers depend on
}

// content is a file or directory that a plugin's answers depend on.
type content struct {
	path string // absolute
	name string // in the digest; of a directory's files, what their names begin with
	tree bool   // a directory
	// compiled says that the directory has a program that Go built: its sources are in
	// the program, and count no further.
	compiled bool
}

// resolve finds out how an entry is run. It executes nothing. What is wrong is said
// where the block says it.
func (e Entry) resolve(ctx context.Context) (program, error) {
	p, mistakes := e.program()
	for _, pattern := range e.Files {
		found, err := filepath.Glob(filepath.Join(escapeGlob(e.Directory), filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			mistakes.Errorf(e.Place("files"), fmt.Sprintf("No files for plugin %q", e.called()), "Nothing in %s is called %q. Correct the pattern, or remove it.", e.Directory, pattern)
		}
		slices.Sort(found)
		for _, path := range found {
			name, err := filepath.Rel(e.Directory, path)
			if err != nil {
				return program{}, err
			}
			info, err := os.Stat(path)
			if err != nil {
				mistakes.Errorf(e.Place("files"), fmt.Sprintf("A file of plugin %q cannot be read", e.called()), "%v.", err)
				continue
			}
			p.contents = append(p.contents, content{path: path, name: "files/" + filepath.ToSlash(name), tree: info.IsDir()})
		}
	}
	if mistakes.HasErrors() {
		return program{}, mistakes
	}
	if len(p.contents) == 0 && e.Name != "" {
		return program{}, diag.Errorf(e.Place("command"), fmt.Sprintf("Nothing of plugin %q is known but its command", e.called()),
			"Results are kept by the content of what made them. Name the plugin's directory or file beside the command, source = \"%s\", or its files = [...].", e.Name)
	}
	return p, ctx.Err()
}

// escapeGlob keeps a directory's name from being a pattern.
func escapeGlob(path string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(path, `\$0`)
}

func (e Entry) program() (program, diag.List) {
	p := program{words: e.Command}
	source, info, problem := e.source()
	if problem != nil {
		return p, problem
	}
	if len(e.Command) > 0 {
		return e.commanded(p, source, info)
	}
	if info == nil {
		return p, diag.Errorf(e.Range, fmt.Sprintf("Plugin %q has no source", e.called()), "Say what the plugin is: source = \"./%s\".", e.Name)
	}
	if info.IsDir() {
		path, problem := e.within(source)
		if problem != nil {
			return p, problem
		}
		p.contents = []content{{path: source, tree: true}}
		p, problem = e.run(p, path)
		p.contents[0].compiled = p.native && builtByGo(path)
		return p, problem
	}
	p.contents = []content{{path: source, name: filepath.Base(source)}}
	p, problem = e.run(p, source)
	if problem == nil && !p.native && len(e.Files) == 0 {
		// A script reads what lies beside it.
		p.contents = []content{{path: filepath.Dir(source), tree: true}}
	}
	return p, problem
}

// source is what the block names, if it names a source; it is there.
func (e Entry) source() (string, fs.FileInfo, diag.List) {
	if e.Source == "" {
		return "", nil, nil
	}
	path := e.Beside(e.Source)
	info, err := os.Stat(path)
	at := e.Place("source")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, diag.Errorf(at, fmt.Sprintf("Plugin %q is not there", e.called()), "No file %s.%s Build or copy the plugin there, or correct its source.", path, neighbour(path))
	case err != nil:
		return "", nil, diag.Errorf(at, fmt.Sprintf("Plugin %q cannot be read", e.called()), "%v.", err)
	case !info.IsDir() && !info.Mode().IsRegular():
		return "", nil, diag.Errorf(at, fmt.Sprintf("Plugin %q is not a file", e.called()), "%s is neither a file nor a directory.", path)
	}
	return path, info, nil
}

// neighbour suggests another name beside a path that is not there.
func neighbour(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return diag.DidYouMean(filepath.Base(path), names)
}

// within finds what a directory without a command is run by: a program or a script of
// the plugin's or the directory's name, or else the only script with a header.
func (e Entry) within(directory string) (string, diag.List) {
	at := e.Place("source")
	for _, name := range []string{e.Name, filepath.Base(directory)} {
		for _, candidate := range []string{name, name + ".py"} {
			path := filepath.Join(directory, candidate)
			info, err := os.Stat(path)
			if name == "" || err != nil || !info.Mode().IsRegular() {
				continue
			}
			if strings.HasSuffix(path, ".py") && hasHeader(path) || executable(info) {
				return path, nil
			}
		}
	}
	scripts, _ := filepath.Glob(filepath.Join(escapeGlob(directory), "*.py"))
	scripts = slices.DeleteFunc(scripts, func(path string) bool { return !hasHeader(path) })
	if len(scripts) == 1 {
		return scripts[0], nil
	}
	name := filepath.Base(directory)
	if len(scripts) > 1 {
		return "", diag.Errorf(at, fmt.Sprintf("Plugin %q is a directory with several scripts", e.called()), "%s and %s in %s have a header with their packages. Name one of them as the source, or call it %s.py.", filepath.Base(scripts[0]), filepath.Base(scripts[1]), directory, name)
	}
	return "", diag.Errorf(at, fmt.Sprintf("Plugin %q is a directory", e.called()),
		"Nothing in %s says how it is run. Name a program in it as the source, or add what runs it, such as command = [\"%s/.venv/bin/python\", \"-m\", \"%s\"]; a Python script of the name %s.py with its packages in its header (PEP 723) is run by itself.", directory, filepath.ToSlash(e.Source), name, name)
}

// run is the program of a file: the machine's code, or a script.
func (e Entry) run(p program, path string) (program, diag.List) {
	at := e.Place("source")
	p.shown = path
	if strings.HasSuffix(path, ".py") && hasHeader(path) {
		return e.byUV(p, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return p, diag.Errorf(at, fmt.Sprintf("Plugin %q cannot be read", e.called()), "%v.", err)
	}
	if !executable(info) {
		way := fmt.Sprintf("Allow it with: chmod +x %s", path)
		if strings.HasSuffix(path, ".py") {
			way = fmt.Sprintf("A Python script needs its packages in its header (PEP 723: # /// script), or what runs it: command = [\".venv/bin/python\", %q].", filepath.ToSlash(e.Source))
		}
		return p, diag.Errorf(at, fmt.Sprintf("Plugin %q is not executable", e.called()), "%s", way)
	}
	native, problem := e.examine(path, at)
	p.native, p.argv = native, []string{path}
	if !native && problem == nil {
		if interpreter := interpreterOf(path); pythons.MatchString(filepath.Base(interpreter)) {
			p.packages = installed(interpreter)
		}
	}
	return p, problem
}

// pythons are the interpreters whose version a plugin reports, with those of its
// packages: their own content says less.
var pythons = regexp.MustCompile(`^(python|pypy|uv)[0-9.]*(\.exe)?$`)

// commanded is the program of a command.
func (e Entry) commanded(p program, source string, info fs.FileInfo) (program, diag.List) {
	at := e.Place("command")
	first, problem := e.executableOf(e.Command[0], source, info)
	if problem != nil {
		return p, problem
	}
	native, problem := e.examine(first, at)
	if problem != nil {
		return p, problem
	}
	p.native, p.shown, p.argv = native, strings.Join(e.Command, " "), []string{first}
	switch {
	case info != nil && info.IsDir():
		p.contents = append(p.contents, content{path: source, tree: true, compiled: native && filepath.Dir(first) == source && builtByGo(first)})
		p.environment = append(p.environment, "PYTHONPATH="+pythonPath(source))
	case info != nil:
		p.contents = append(p.contents, content{path: source, name: filepath.Base(source)})
	}
	if pythons.MatchString(filepath.Base(first)) {
		p.interpreter, p.packages = filepath.Base(real(first)), installed(first)
	} else {
		p.contents = append(p.contents, content{path: first, name: "command/" + filepath.Base(first)})
	}
	for i, word := range e.Command[1:] {
		path, found := e.fileOf(word, source, info)
		if before := e.Command[i]; !found || before == "-m" {
			if before != "-m" && before != "-c" && e.isPath(word) {
				missing := e.Beside(word)
				return p, diag.Errorf(at, fmt.Sprintf("A file of the command of plugin %q is not there", e.called()),
					"No file %s.%s A plugin begins in an empty directory of its own, so that %q leads nowhere in it.", missing, neighbour(missing), word)
			}
			p.argv = append(p.argv, word)
			continue
		}
		p.argv = append(p.argv, path)
		p.contents = append(p.contents, content{path: path, name: "command/" + filepath.ToSlash(word)})
	}
	return p, nil
}

// builtByGo reports whether a program is one that Go built.
func builtByGo(path string) bool {
	_, err := buildinfo.ReadFile(path)
	return err == nil
}

// stamped reports whether Go built a program with what version control says of its
// directory.
func stamped(path string) bool {
	info, err := buildinfo.ReadFile(path)
	return err == nil && slices.ContainsFunc(info.Settings, func(setting debug.BuildSetting) bool { return setting.Key == "vcs" })
}

// pythonPath is where Python finds the modules of a plugin's directory. Where the
// directory is itself a package, that is the directory above.
func pythonPath(directory string) string {
	for _, name := range []string{"__init__.py", "__main__.py"} {
		if _, err := os.Stat(filepath.Join(directory, name)); err == nil {
			return filepath.Dir(directory)
		}
	}
	if info, err := os.Stat(filepath.Join(directory, "src")); err == nil && info.IsDir() {
		return filepath.Join(directory, "src") + string(os.PathListSeparator) + directory
	}
	return directory
}

func real(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}

// executableOf finds what a command begins with: beside the experiment, in the
// source's directory, or on the PATH.
func (e Entry) executableOf(word, source string, info fs.FileInfo) (string, diag.List) {
	at := e.Place("command")
	if !strings.ContainsRune(filepath.ToSlash(word), '/') {
		path, err := lookPath(word)
		if err != nil {
			return "", diag.Errorf(at, fmt.Sprintf("The command of plugin %q is not there", e.called()), "No program %q is on the PATH. Install it, or write its path, such as \"./%s\".", word, word)
		}
		return path, nil
	}
	places := []string{e.Beside(word)}
	if info != nil && info.IsDir() && !filepath.IsAbs(word) {
		places = append(places, filepath.Join(source, filepath.FromSlash(word)))
	}
	for _, path := range places {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if info.IsDir() || !executable(info) {
			return "", diag.Errorf(at, fmt.Sprintf("The command of plugin %q is not executable", e.called()), "Allow it with: chmod +x %s", path)
		}
		return path, nil
	}
	way := ""
	if strings.Contains(word, "/bin/python") {
		way = fmt.Sprintf(" Make the virtual environment: python3 -m venv %s, and install the plugin's packages into it.", filepath.Dir(filepath.Dir(places[0])))
	}
	return "", diag.Errorf(at, fmt.Sprintf("The command of plugin %q is not there", e.called()), "No file %s.%s%s", places[0], neighbour(places[0]), way)
}

// isPath reports whether a word of a command can only be meant for a file.
func (e Entry) isPath(word string) bool {
	slashed := filepath.ToSlash(word)
	if strings.HasPrefix(slashed, "./") || strings.HasPrefix(slashed, "../") {
		_, err := os.Stat(e.Beside(word))
		return err != nil
	}
	return strings.HasSuffix(slashed, ".py") && !strings.HasPrefix(slashed, "-")
}

// fileOf finds the file that a word of a command names, beside the experiment or in
// the source's directory.
func (e Entry) fileOf(word, source string, info fs.FileInfo) (string, bool) {
	if strings.HasPrefix(word, "-") {
		return "", false
	}
	places := []string{e.Beside(word)}
	if info != nil && info.IsDir() {
		places = append(places, filepath.Join(source, filepath.FromSlash(word)))
	}
	for _, path := range places {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, true
		}
	}
	return "", false
}
