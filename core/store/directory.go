package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// listing is what a directory output is in the store.
type listing struct {
	Format string  `json:"format"`
	Files  []entry `json:"files"` // sorted by path
}

// entry is one file of a directory output.
type entry struct {
	Path   string `json:"path"` // relative, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

const listingFormat = "plumb directory 1"

func (l listing) bytes() int64 {
	var total int64
	for _, e := range l.Files {
		total += e.Bytes
	}
	return total
}

func parseListing(b []byte) (listing, error) {
	var l listing
	if err := json.Unmarshal(b, &l); err != nil {
		return l, err
	}
	if l.Format != listingFormat {
		return l, fmt.Errorf("its format is %q instead of %q", l.Format, listingFormat)
	}
	for _, e := range l.Files {
		if err := checkDigest(e.SHA256); err != nil {
			return l, err
		}
		if path := filepath.FromSlash(e.Path); !filepath.IsLocal(path) || filepath.Clean(path) != path || path == "." {
			return l, fmt.Errorf("it lists %q, which is no path inside a directory", e.Path)
		}
	}
	return l, nil
}

// PutDir moves the files below Dir(name) into the store. Nobody may have one
// open for writing any more. After an error, some of the files may have left
// the directory; none can be seen in the store under a name other than that of
// its content.
func (w *Work) PutDir(name string) (record.Output, error) {
	dir := w.Dir(name)
	if w.err != nil {
		return record.Output{}, w.err
	}
	o, err := w.store.putDir(dir, w.dir)
	if err != nil {
		return record.Output{}, fmt.Errorf("put directory %s: %w", name, err)
	}
	return o, nil
}

func (s *Store) putDir(dir, work string) (record.Output, error) {
	l := listing{Format: listingFormat, Files: []entry{}}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		digest, size, err := s.put(path)
		if err != nil {
			return err
		}
		l.Files = append(l.Files, entry{filepath.ToSlash(relative), size, digest})
		return nil
	})
	if err != nil {
		return record.Output{}, err
	}
	slices.SortFunc(l.Files, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })

	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return record.Output{}, err
	}
	digest, err := s.putBytes(work, append(b, '\n'))
	if err != nil {
		return record.Output{}, err
	}
	return record.Output{Digest: digest, Bytes: l.bytes(), Dir: true}, nil
}

func (s *Store) putBytes(work string, b []byte) (digest string, err error) {
	path, err := s.temporary(work, b)
	if err != nil {
		return "", err
	}
	digest, _, err = s.put(path)
	return digest, err
}

// temporary writes bytes to a new file in a directory of ours.
func (s *Store) temporary(dir string, b []byte) (path string, err error) {
	f, err := os.CreateTemp(dir, "new-")
	if err != nil {
		return "", s.CheckSpace(err, int64(len(b)))
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", s.CheckSpace(err, int64(len(b)))
	}
	return f.Name(), nil
}

// listing returns an intact listing.
func (s *Store) listing(o record.Output) (listing, error) {
	path, err := s.blob(o.Digest, anySize)
	if err != nil {
		return listing{}, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return listing{}, fmt.Errorf("read listing: %w", err)
	}
	l, err := parseListing(b)
	if err != nil {
		return listing{}, &Corrupt{Name: blobName(o.Digest), Path: path, Reason: "is no listing of a directory: " + err.Error()}
	}
	if total := l.bytes(); total != o.Bytes {
		return listing{}, &Corrupt{Name: blobName(o.Digest), Path: path, Reason: fmt.Sprintf("lists %d bytes instead of %d", total, o.Bytes)}
	}
	return l, nil
}

// Directory returns the path of a directory with the files of a directory
// output. It is made on first use, of hard links where the file system has
// them, and kept. The files are as they were put: a missing, cut or altered one
// is *Corrupt. Only read them.
func (s *Store) Directory(o record.Output) (path string, err error) {
	if !o.Dir {
		return "", fmt.Errorf("output %s is a file, not a directory", o.Digest)
	}
	l, err := s.listing(o)
	if err != nil {
		return "", err
	}
	for _, e := range l.Files {
		if _, err := s.blob(e.SHA256, e.Bytes); err != nil {
			return "", fmt.Errorf("file %s of directory %s: %w", e.Path, o.Digest, err)
		}
	}

	view := s.path(viewsDir, o.Digest[:2], o.Digest)
	ok, err := s.isView(view, l)
	if err == nil && !ok {
		if err = s.mayWrite(); err == nil {
			err = s.makeView(view, l)
		}
	}
	if err != nil {
		return "", fmt.Errorf("make directory: %w", s.CheckSpace(err, l.bytes()))
	}
	return view, nil
}

// isView reports whether a directory holds exactly the listed files. A missing
// directory does not, and is no error.
func (s *Store) isView(view string, l listing) (bool, error) {
	listed := make(map[string]entry, len(l.Files))
	for _, e := range l.Files {
		listed[filepath.Join(view, filepath.FromSlash(e.Path))] = e
	}
	if info, err := os.Lstat(view); errors.Is(err, os.ErrNotExist) {
		return false, nil
	} else if err != nil || !info.IsDir() {
		return false, err
	}
	good := true
	err := filepath.WalkDir(view, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			good = false
			return fs.SkipAll
		}
		if err != nil || d.IsDir() {
			return err
		}
		e, ok := listed[path]
		delete(listed, path)
		if ok {
			ok, err = s.isCopy(path, e)
		}
		if !ok && err == nil {
			good = false
			return fs.SkipAll
		}
		return err
	})
	return good && len(listed) == 0, err
}

// isCopy reports whether a file of a view is its blob, or as good as it. The
// blob is known to be intact.
func (s *Store) isCopy(path string, e entry) (bool, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return false, nil
	}
	if blob, err := os.Lstat(s.blobPath(e.SHA256)); err == nil && os.SameFile(info, blob) {
		return true, nil
	}
	if wrongSize(info, e.Bytes) != "" {
		return false, nil
	}
	if s.verified.has(path, info) {
		return true, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	got, err := hash(f)
	if err != nil || got != e.SHA256 {
		return false, err
	}
	s.verified.add(path, info)
	return true, nil
}

// makeView makes a view, and replaces a damaged one.
func (s *Store) makeView(view string, l listing) error {
	fresh, err := os.MkdirTemp(s.session.dir, "view-")
	if err != nil {
		return err
	}
	defer removeTree(fresh)
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	for _, e := range l.Files {
		target := filepath.Join(fresh, filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return err
		}
		blob := s.blobPath(e.SHA256)
		if err := s.verified.link(blob, target); err == nil {
			continue
		}
		if err := copyFile(blob, target); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(view), 0o777); err != nil {
		return err
	}
	for {
		err := os.Rename(fresh, view)
		if _, missing := os.Lstat(view); err == nil || missing != nil {
			return err
		}
		// Something is there. If another process has just made this view, it
		// may be in use already and must stay.
		if ok, err := s.isView(view, l); ok || err != nil {
			return err
		}
		if err := s.discard(view); err != nil {
			return err
		}
	}
}

func copyFile(source, target string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
