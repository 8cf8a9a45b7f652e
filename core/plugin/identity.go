package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// identity is what tells a plugin from another version of it: the digest of all that
// its answers depend on and that lies on this disk. The interpreter's and the
// packages' versions are in its description.
//
// Not covered is what no file of its own is: shared libraries of the system, what it
// fetches from elsewhere, and files that neither its directory nor files = [...] has.
type identity struct {
	SHA256 string
	Lines  []string // what was digested, a thing a line: its name, two spaces and its digest or value

	native string // the program that runs, if it is the machine's own code
}

// The bounds of what is digested of a plugin.
const (
	mostFiles   = 10_000
	mostContent = 256 << 20 // bytes of a directory
)

// skipped are what tools leave in the directory of a plugin, and what is for people or
// for checks of it: nothing of it is the plugin.
func skipped(name string, directory bool) bool {
	if directory {
		return slices.Contains([]string{".git", ".hg", ".svn", "__pycache__", ".venv", ".idea", ".vscode", "golden"}, name) || strings.HasSuffix(name, ".egg-info")
	}
	for _, people := range []string{"README", "LICENSE", "CHANGELOG", ".git"} { // .gitignore and the like
		if strings.HasPrefix(name, people) {
			return true
		}
	}
	return strings.HasSuffix(name, ".pyc") || name == ".DS_Store" || name == LockFile || strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json")
}

// goSource reports whether a file is what Go builds programs from.
func goSource(name string) bool {
	return strings.HasSuffix(name, ".go") || slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum"}, name)
}

// setAside reports whether a directory says of itself that it is none of anybody's
// content: a virtual environment, a cache, the runs of experiments.
func setAside(directory string) bool {
	for _, mark := range []string{"pyvenv.cfg", "CACHEDIR.TAG", filepath.Join("store", "blobs")} {
		if _, err := os.Stat(filepath.Join(directory, mark)); err == nil {
			return true
		}
	}
	return false
}

// identify digests what a program is made of. All is read, whatever its times say.
func (e Entry) identify(ctx context.Context, p program) (identity, error) {
	var id identity
	add := func(name, value string) { id.Lines = append(id.Lines, name+"  "+value) }
	if len(p.words) > 0 {
		words, err := json.Marshal(p.words)
		if err != nil {
			return identity{}, err
		}
		add("command", string(words))
	}
	if p.interpreter != "" {
		add("interpreter", p.interpreter)
	}
	if len(p.packages) > 0 {
		add(packagesLine, strings.Join(p.packages, ", "))
	}
	file := func(name, value string) { add("file "+name, value) }
	if p.native {
		id.native = p.argv[0]
	}
	total := tally{entry: e, program: p}
	for _, one := range p.contents {
		var err error
		if one.tree {
			err = total.tree(ctx, one, file)
		} else {
			err = total.file(ctx, one.path, one.name, file)
		}
		if ctx.Err() != nil {
			return identity{}, ctx.Err()
		}
		if err != nil {
			var said diag.List
			if errors.As(err, &said) {
				return identity{}, err
			}
			return identity{}, diag.Errorf(e.Place("source"), fmt.Sprintf("Plugin %q cannot be read", e.called()), "%v.", err)
		}
	}
	sum := sha256.Sum256([]byte("plumb plugin 1\n" + strings.Join(id.Lines, "\n")))
	id.SHA256 = hex.EncodeToString(sum[:])
	return id, nil
}

// tally counts what is digested of an entry.
type tally struct {
	entry   Entry
	program program
	files   int
	bytes   int64
}

func (t *tally) file(ctx context.Context, path, name string, add func(name, value string)) error {
	file := t.program.opened
	if file == nil || path != t.program.argv[0] {
		var err error
		if file, err = os.Open(path); err != nil {
			return err
		}
		defer file.Close()
	}
	value, err := digestOf(ctx, file)
	if err != nil {
		return err
	}
	add(name, value)
	return nil
}

// tree digests the files below a directory, in the order of their names.
func (t *tally) tree(ctx context.Context, of content, add func(name, value string)) error {
	return filepath.WalkDir(of.path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if file == of.path {
			return nil
		}
		near, err := filepath.Rel(of.path, file)
		if err != nil {
			return err
		}
		name := path.Join(of.name, filepath.ToSlash(near))
		if skipped(entry.Name(), entry.IsDir()) || entry.IsDir() && setAside(file) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if of.compiled && !entry.IsDir() && goSource(entry.Name()) {
			return nil
		}
		switch {
		case entry.IsDir():
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			return t.link(ctx, of.path, file, name, add)
		case !entry.Type().IsRegular():
			return nil // a socket or a pipe has no content
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := t.count(of.path, info.Size()); err != nil {
			return err
		}
		return t.file(ctx, file, name, add)
	})
}

// link digests what a link leads to. It has to be in the directory: what lies
// elsewhere is nobody's to digest whole.
func (t *tally) link(ctx context.Context, root, file, name string, add func(name, value string)) error {
	leads, err := filepath.EvalSymlinks(file)
	if err != nil {
		to, err := os.Readlink(file)
		if err != nil {
			return err
		}
		add(name, "leads to "+filepath.ToSlash(to))
		return nil
	}
	near, err := filepath.Rel(real(root), leads)
	if err != nil || !filepath.IsLocal(near) {
		return diag.Errorf(t.entry.Place("source"), fmt.Sprintf("Plugin %q has a link that leaves its directory", t.entry.called()),
			"%s leads to %s: whoever has the plugin need not have that, and it can change without the plugin. Copy it into the directory; weights are better named by an option of the component.", file, leads)
	}
	info, err := os.Stat(leads)
	if err != nil || info.IsDir() {
		add(name, "leads to "+filepath.ToSlash(near))
		return err
	}
	if err := t.count(root, info.Size()); err != nil {
		return err
	}
	return t.file(ctx, leads, name, add)
}

// count refuses directories that nobody means to be a plugin.
func (t *tally) count(root string, size int64) error {
	t.files++
	t.bytes += size
	if t.files <= mostFiles && t.bytes <= mostContent {
		return nil
	}
	return diag.Errorf(t.entry.Place("source"), fmt.Sprintf("The directory of plugin %q is too large", t.entry.called()),
		"%s has more than %d files or %d MiB, all of which count as the plugin: results are kept by its content. Give the plugin a directory of its own, or list what a script reads, files = [\"*.py\"]; weights are better named by an option of the component.", root, mostFiles, mostContent>>20)
}

// digestOf is the sha256 of a file; of a program that Go built, without what says
// nothing about what it does.
func digestOf(ctx context.Context, file *os.File) (string, error) {
	if sum, ok := goDigest(file); ok {
		return sum, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, untilDone{ctx, file}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// untilDone is a reader that fails when a context has ended. It lives as long as the
// call that reads.
type untilDone struct {
	ctx  context.Context
	from io.Reader
}

func (r untilDone) Read(to []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(to)
}

// packagesLine is the name of the line that lists installed packages.
const packagesLine = "packages"

// differences lists what is different between two versions of a plugin: a few of its
// files, with what became of them.
func differences(before, now []string) string {
	split := func(lines []string) map[string]string {
		byName := map[string]string{}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, "  ")
			byName[name] = value
		}
		return byName
	}
	old, fresh := split(before), split(now)
	var changes []string
	for _, line := range now {
		name, value, _ := strings.Cut(line, "  ")
		if was, there := old[name]; !there {
			changes = append(changes, strings.TrimPrefix(name, "file ")+" is new")
		} else if was != value && name == packagesLine {
			changes = append(changes, packageChanges(was, value)...)
		} else if was != value {
			changes = append(changes, strings.TrimPrefix(name, "file ")+" has changed")
		}
	}
	for _, line := range before {
		if name, _, _ := strings.Cut(line, "  "); fresh[name] == "" {
			changes = append(changes, strings.TrimPrefix(name, "file ")+" is gone")
		}
	}
	const few = 5
	if len(changes) > few {
		changes = append(changes[:few:few], fmt.Sprintf("and %d more", len(changes)-few))
	}
	return strings.Join(changes, ", ")
}

// packageChanges lists what is different between two lists of packages.
func packageChanges(before, now string) []string {
	versions := func(list string) map[string]string {
		all := map[string]string{}
		for _, one := range strings.Split(list, ", ") {
			name, version, _ := strings.Cut(one, " ")
			all[name] = version
		}
		return all
	}
	return versionChanges(versions(before), versions(now))
}

// versionChanges lists what is different between versions, by name.
func versionChanges(before, now map[string]string) []string {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range now {
		names[name] = true
	}
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, had := before[name]
		fresh, has := now[name]
		switch {
		case !had:
			changes = append(changes, fmt.Sprintf("%s %s was added", name, fresh))
		case !has:
			changes = append(changes, fmt.Sprintf("%s %s was removed", name, old))
		case old != fresh:
			changes = append(changes, fmt.Sprintf("%s went from %s to %s", name, old, fresh))
		}
	}
	return changes
}
