// Package digest takes the sha256 of files and directories outside the store,
// and remembers it.
//
// A model's weights are gigabytes and a data set is a hundred thousand images;
// every plan needs their digests. So a Memory keeps, beside each digest, what
// the file system says of the file: size, times of the last change of content
// and of inode, device and inode number. While all of that is the same the file
// is taken to be the same. The time of the inode's change is set by the kernel
// alone, so that a copy made to look old does not pass. A file that has changed
// within the last seconds is not remembered: it could change again without its
// times showing it. Each line of the memory has a checksum of its own.
//
// The package refuses to remember anything by name or time alone, and to fail
// because a memory is damaged: then everything is read again.
package digest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Path returns the sha256, in hex, of a file's content, or of a directory: of
// one line for each file below it, in the order of their names, with the file's
// digest, two spaces and its relative name with slashes (what sha256sum
// prints). Links count as what they lead to; one that leads to a directory that it
// lies in is an error. A nil Memory reads everything. The error is that
// of ctx when it ends before all is read.
func (m *Memory) Path(ctx context.Context, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return m.File(ctx, path)
	}
	var names []string
	infos := map[string]fs.FileInfo{}
	links := map[string]string{} // the files themselves, which may be known by their own names
	// walk visits a directory, which is called relative.
	var walk func(directory, relative string, within []fs.FileInfo) error
	walk = func(directory, relative string, within []fs.FileInfo) error {
		entries, err := os.ReadDir(directory)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			name, called := filepath.Join(directory, entry.Name()), filepath.ToSlash(filepath.Join(relative, entry.Name()))
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			if entry.Type()&fs.ModeSymlink != 0 {
				if name, err = filepath.EvalSymlinks(name); err != nil {
					return err
				}
			}
			switch {
			case info.IsDir() && slices.ContainsFunc(within, func(outer fs.FileInfo) bool { return os.SameFile(outer, info) }):
				return fmt.Errorf("%s is a link that leads to a directory in which it lies", filepath.Join(directory, entry.Name()))
			case info.IsDir():
				if err := walk(name, called, append(slices.Clone(within), info)); err != nil {
					return err
				}
			case !info.Mode().IsRegular():
				return fmt.Errorf("%s is neither a file nor a directory", name)
			default:
				names, infos[called] = append(names, called), info
				if name != filepath.Join(path, filepath.FromSlash(called)) {
					links[called] = name
				}
			}
		}
		return nil
	}
	if err := walk(path, "", []fs.FileInfo{info}); err != nil {
		return "", err
	}
	slices.Sort(names)
	digests := make([]string, len(names))
	failures := make([]error, len(names))
	var group errgroup.Group
	group.SetLimit(2 * runtime.GOMAXPROCS(0)) // half of them wait for the disk
	for i, relative := range names {
		name := filepath.Join(path, filepath.FromSlash(relative))
		if to := links[relative]; to != "" {
			name = to
		}
		group.Go(func() error {
			digests[i], failures[i] = m.file(ctx, name, infos[relative])
			return nil
		})
	}
	group.Wait()
	if err := cmp.Or(failures...); err != nil { // of the first file, whichever failed first
		return "", err
	}
	hash := sha256.New()
	for i, name := range names {
		fmt.Fprintf(hash, "%s  %s\n", digests[i], name)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// File returns the sha256 of a file's content in hex.
func (m *Memory) File(ctx context.Context, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return m.file(ctx, path, info)
}

func (m *Memory) file(ctx context.Context, path string, info fs.FileInfo) (string, error) {
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	if known, ok := m.Recall(path, info); ok {
		return known, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return m.Open(ctx, file, path)
}

// Open is File of a file that is open, at its beginning. The path is what it is
// remembered under.
func (m *Memory) Open(ctx context.Context, file *os.File, path string) (string, error) {
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	if known, ok := m.Recall(path, info); ok {
		return known, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, untilDone{ctx, file}); err != nil {
		return "", err
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	m.remember(path, info, digest)
	return digest, nil
}

// untilDone is a reader that fails when a context has ended: a file may be
// gigabytes. It lives as long as the call that reads.
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
