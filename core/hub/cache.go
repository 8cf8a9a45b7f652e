package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/plumb-ml/plumb/core/digest"
)

// ours is the directory of a repository in the cache that huggingface_hub does
// not know, nor mind.
const ours = "plumb"

// Cache is huggingface_hub's on this machine.
type Cache struct {
	Dir string
	// Views is where views are made if they cannot be in Dir, which may be
	// another user's; empty: nowhere.
	Views string
	// Digest returns the sha256 of a file in hex; nil: by reading it. Give one that
	// remembers: weights are gigabytes.
	Digest func(ctx context.Context, path string) (string, error)
}

// Found is what a component reads of a repository.
type Found struct {
	Commit string
	Dir    string // of the view
}

// Absent says that a repository is not in the cache, or not all that is read of it.
type Absent struct {
	Ref         Ref
	Cache       string
	Files, Have int   // that are read, and of them here; 0 of 0: what there is to read is not known
	Bytes, Here int64 // of the files, and of them here
	Wrong       []string
}

func (a *Absent) Error() string {
	text := fmt.Sprintf("%s is not in the cache, %s", a.Ref, a.Cache)
	if a.Have > 0 || a.Here > 0 {
		text = fmt.Sprintf("%s is not whole in the cache, %s", a.Ref, a.Cache)
	}
	switch {
	case a.Files > 0:
		text += fmt.Sprintf(": %d of %d files are there, %s of %s", a.Have, a.Files, size(a.Here), size(a.Bytes))
	case len(a.Wrong) > 0:
		text += ": " + strings.Join(a.Wrong, "; ")
	}
	return text
}

// Unfit says that a repository does not hold what is read of it.
type Unfit struct {
	Ref   Ref
	Wrong []string
}

func (u *Unfit) Error() string {
	return fmt.Sprintf("In %s %s", u.Ref, strings.Join(u.Wrong, "; "))
}

// Damaged says that a file in the cache is not what its name promises.
type Damaged struct {
	Ref  Ref
	Path string
}

func (d *Damaged) Error() string {
	return fmt.Sprintf("%s of %s is damaged: its content has another digest than the hub's", d.Path, d.Ref)
}

// Find looks for what the entries stand for. It opens no connection. The error is
// an *Absent, *Unfit or *Damaged, or of the file system.
func (c Cache) Find(ctx context.Context, r Ref, entries []string) (Found, error) {
	if c.Dir == "" {
		return Found{}, &Absent{Ref: r, Cache: "which is nowhere"}
	}
	root, err := filepath.Abs(c.Dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root) // links that lead up must know where they are
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Found{}, &Absent{Ref: r, Cache: c.Dir}
	} else if err != nil {
		return Found{}, err
	}
	repository := filepath.Join(root, r.folder())
	at, err := commitOf(repository, r)
	if err != nil {
		return Found{}, err
	}
	if at == "" {
		return Found{}, c.begun(repository, r, entries)
	}
	snapshot := filepath.Join(repository, "snapshots", at)
	manifest := readManifest(repository, at)
	var names []string
	if manifest != nil {
		names = manifest.names()
	} else if names, err = filesBelow(snapshot); errors.Is(err, fs.ErrNotExist) {
		return Found{}, &Absent{Ref: r, Cache: c.Dir}
	} else if err != nil {
		return Found{}, err
	}
	files, wrong := choose(entries, r.Variant, names)
	switch {
	case len(wrong) > 0 && manifest != nil:
		return Found{}, &Unfit{r, wrong}
	case len(wrong) > 0:
		return Found{}, &Absent{Ref: r, Cache: c.Dir, Wrong: wrong}
	}
	if manifest != nil {
		if absent := c.count(r, repository, manifest, files); absent != nil {
			return Found{}, absent
		}
	}
	view, err := c.view(root, r, at, snapshot, files)
	if err != nil {
		return Found{}, err
	}
	return Found{Commit: at, Dir: view}, c.verify(ctx, r, view, files, manifest)
}

// commitOf is the commit that a revision stood for when it was fetched; empty if
// it was not.
func commitOf(repository string, r Ref) (string, error) {
	if r.Pinned() {
		return r.Revision, nil
	}
	text, err := readShort(filepath.Join(repository, "refs", filepath.FromSlash(r.Revision)))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	at := strings.TrimSpace(text)
	if !commit.MatchString(at) {
		return "", fmt.Errorf("%s does not hold a commit; remove it", filepath.Join(repository, "refs", r.Revision))
	}
	return at, nil
}

// readShort reads a file of a line.
func readShort(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	return string(text), err
}

// begun says how far a download of the revision got that did not end.
func (c Cache) begun(repository string, r Ref, entries []string) error {
	lists, _ := filepath.Glob(filepath.Join(repository, ours, "*.json"))
	for _, list := range lists {
		manifest := readManifest(repository, strings.TrimSuffix(filepath.Base(list), ".json"))
		if manifest == nil || manifest.Revision != r.Revision {
			continue
		}
		if files, wrong := choose(entries, r.Variant, manifest.names()); len(wrong) == 0 {
			if absent := c.count(r, repository, manifest, files); absent != nil {
				return absent
			}
		}
	}
	return &Absent{Ref: r, Cache: c.Dir}
}

// count says how many of the files are there, and nil if all are.
func (c Cache) count(r Ref, repository string, manifest *Manifest, files []chosen) error {
	known := map[string]File{}
	for _, f := range manifest.Files {
		known[f.Name] = f
	}
	absent := &Absent{Ref: r, Cache: c.Dir, Files: len(files)}
	for _, f := range files {
		size := known[f.name].Size
		absent.Bytes += size
		if info, err := os.Stat(filepath.Join(repository, "snapshots", manifest.Commit, filepath.FromSlash(f.name))); err == nil && info.Mode().IsRegular() && info.Size() == size {
			absent.Have++
			absent.Here += size
		} else if info, err := os.Stat(incomplete(repository, known[f.name])); err == nil {
			absent.Here += min(info.Size(), size)
		}
	}
	if absent.Have == absent.Files {
		return nil
	}
	return absent
}

// incomplete is where a file is while it comes.
func incomplete(repository string, f File) string {
	return blob(repository, f) + ".plumb.incomplete"
}

func blob(repository string, f File) string { return filepath.Join(repository, "blobs", f.etag()) }

// mostFiles bounds what is looked at in a snapshot.
const mostFiles = 100_000

func filesBelow(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if names = append(names, filepath.ToSlash(name)); len(names) > mostFiles {
			return fmt.Errorf("%s holds more than %d files", dir, mostFiles)
		}
		return nil
	})
	return names, err
}

// view makes a directory of links to the files, and to nothing else, or finds the
// one that is there. Where a component may choose among files, its choice is made
// here, so that it does not depend on what else was fetched.
func (c Cache) view(root string, r Ref, at, snapshot string, files []chosen) (string, error) {
	hash := sha256.New()
	targets := make([]string, len(files))
	for i, f := range files {
		target, err := filepath.EvalSymlinks(filepath.Join(snapshot, filepath.FromSlash(f.name)))
		if errors.Is(err, fs.ErrNotExist) {
			return "", &Absent{Ref: r, Cache: c.Dir, Wrong: []string{f.name + " is missing"}}
		} else if err != nil {
			return "", err
		}
		targets[i] = target
		fmt.Fprintf(hash, "%q %q\n", f.as, target)
	}
	name := at[:12] + "-" + hex.EncodeToString(hash.Sum(nil))[:12]
	directories := []string{filepath.Join(root, r.folder(), ours)}
	if c.Views != "" {
		directories = append(directories, filepath.Join(c.Views, r.folder()))
	}
	var failures []error
	for _, directory := range directories {
		dir := filepath.Join(directory, name)
		if isView(dir, files, targets) {
			return dir, nil
		}
		err := makeView(directory, dir, files, targets)
		if err == nil || isView(dir, files, targets) { // another process was first
			return dir, nil
		}
		failures = append(failures, err)
	}
	return "", fmt.Errorf("make a directory of the files that are read of %s: %w", r, errors.Join(failures...))
}

// isView reports whether a directory holds exactly these files.
func isView(dir string, files []chosen, targets []string) bool {
	names, err := filesBelow(dir)
	if err != nil || len(names) != len(files) {
		return false
	}
	for i, f := range files {
		have, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f.as)))
		want, other := os.Stat(targets[i])
		if err != nil || other != nil || !os.SameFile(have, want) {
			return false
		}
	}
	return true
}

func makeView(place, dir string, files []chosen, targets []string) error {
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	made, err := os.MkdirTemp(place, ".view-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(made) // nothing is left of it if all went well
	if err := os.Chmod(made, 0o755); err != nil {
		return err
	}
	for i, f := range files {
		if err := link(targets[i], filepath.Join(made, filepath.FromSlash(f.as))); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(made, dir)
}

// link makes path another name of the file target: by a relative link, or where
// there are none by a second name of the file itself.
func link(target, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	relative, err := filepath.Rel(filepath.Dir(path), target)
	if err != nil {
		relative = target
	}
	if err := os.Symlink(relative, path); err != nil {
		if os.Link(target, path) != nil {
			return err
		}
	}
	return nil
}

// verify compares the content of files with the digests that the hub gave for them:
// listed, or as the name of a blob. A small file has git's digest.
func (c Cache) verify(ctx context.Context, r Ref, view string, files []chosen, manifest *Manifest) error {
	for _, f := range files {
		path := filepath.Join(view, filepath.FromSlash(f.as))
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		var want File
		switch name := filepath.Base(target); {
		case sha256Hex.MatchString(name):
			want.SHA256 = name
		case commit.MatchString(name): // git's digests are alike
			want.Blob = name
		}
		if manifest != nil {
			i := slices.IndexFunc(manifest.Files, func(m File) bool { return m.Name == f.name })
			want = manifest.Files[i]
		}
		got := ""
		switch {
		case want.SHA256 != "":
			got, err = c.sha256(ctx, target)
		case want.Blob != "":
			got, err = gitBlob(target)
		default:
			continue
		}
		if err != nil {
			return err
		}
		if got != want.etag() {
			return &Damaged{r, target}
		}
	}
	return nil
}

// sha256 is the digest of a file, in hex.
func (c Cache) sha256(ctx context.Context, path string) (string, error) {
	if c.Digest != nil {
		return c.Digest(ctx, path)
	}
	return (*digest.Memory)(nil).File(ctx, path)
}

// size prints bytes for people.
func size(bytes int64) string { return humanize.IBytesN(uint64(bytes), 3) }
