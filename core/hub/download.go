package hub

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/download"
)

// Fetch is what there is to fetch of a repository.
type Fetch struct {
	Ref      Ref
	Manifest *Manifest
	Files    []File // that are read
	Missing  []File // of them, those that are not here, or not whole
	Bytes    int64  // of Files
	ToCome   int64  // of Missing, less what is here of them
}

// Plan asks the hub what the entries stand for, and looks what of it is here. It
// fetches nothing.
func (c *Client) Plan(ctx context.Context, r Ref, entries []string) (*Fetch, error) {
	manifest, err := c.Manifest(ctx, r)
	if err != nil {
		return nil, err
	}
	files, wrong := choose(entries, r.Variant, manifest.names())
	if len(wrong) > 0 {
		return nil, diag.Errorf(diag.Range{}, "The repository is of another kind", "%s, at %s. The component reads: %s.", &Unfit{r, wrong}, manifest.Commit, strings.Join(entries, ", "))
	}
	f := &Fetch{Ref: r, Manifest: manifest}
	repository := c.repository(r)
	for _, one := range files {
		i := slices.IndexFunc(manifest.Files, func(m File) bool { return m.Name == one.name })
		file := manifest.Files[i]
		f.Files = append(f.Files, file)
		f.Bytes += file.Size
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		whole, err := c.whole(ctx, blob(repository, file), file)
		if err != nil {
			return nil, err
		}
		if whole {
			continue
		}
		f.Missing = append(f.Missing, file)
		f.ToCome += file.Size
		if info, err := os.Stat(incomplete(repository, file)); err == nil {
			f.ToCome -= min(info.Size(), file.Size)
		}
	}
	return f, nil
}

func (c *Client) repository(r Ref) string { return filepath.Join(c.Cache.Dir, r.folder()) }

// Fetch brings what is missing into the cache. Only when all of it is there does
// the revision mean the new commit: what was fetched before stays usable until
// then. An error leaves what has come, and the next call goes on from there.
func (c *Client) Fetch(ctx context.Context, f *Fetch) error {
	repository := c.repository(f.Ref)
	for _, dir := range []string{filepath.Join(repository, "blobs"), filepath.Join(repository, "snapshots", f.Manifest.Commit)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return c.writing(err, f.ToCome)
		}
	}
	if free, ok := download.FreeBytes(repository); ok && free < f.ToCome {
		return c.full(free, f.ToCome)
	}
	if err := f.Manifest.write(repository); err != nil {
		return c.writing(err, f.ToCome)
	}
	for _, file := range f.Files {
		if err := c.file(ctx, f, file); err != nil {
			return err
		}
		path := filepath.Join(repository, "snapshots", f.Manifest.Commit, filepath.FromSlash(file.Name))
		if err := relink(blob(repository, file), path); err != nil {
			return c.writing(err, 0)
		}
	}
	if f.Ref.Pinned() {
		return nil
	}
	ref := filepath.Join(repository, "refs", filepath.FromSlash(f.Ref.Revision))
	return c.writing(replace(ref, []byte(f.Manifest.Commit)), 0)
}

// relink is link of a path that may be taken.
func relink(target, path string) error {
	have, err := os.Stat(path)
	want, other := os.Stat(target)
	if err == nil && other == nil && os.SameFile(have, want) {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := link(target, path); err != nil && !errors.Is(err, os.ErrExist) { // another process was first
		return err
	}
	return nil
}

// file brings one file. Of several processes that want it one fetches it, those
// of huggingface_hub included.
func (c *Client) file(ctx context.Context, f *Fetch, file File) error {
	repository := c.repository(f.Ref)
	locks := filepath.Join(c.Cache.Dir, ".locks", f.Ref.folder())
	if err := os.MkdirAll(locks, 0o755); err != nil {
		return c.writing(err, 0)
	}
	lock := flock.New(filepath.Join(locks, file.etag()+".lock"))
	defer lock.Close()
	// A file system without locks costs a download in vain at worst: what has
	// come is compared with its digest before it has its name.
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	whole, part := blob(repository, file), incomplete(repository, file)
	if there, err := c.whole(ctx, whole, file); there || err != nil {
		return err
	}
	if err := os.Remove(whole); err != nil && !errors.Is(err, os.ErrNotExist) { // damaged
		return c.writing(err, 0)
	}
	err := download.File{
		Path: whole, Part: part, Size: file.Size,
		Get: func(ctx context.Context, from int64) (*http.Response, error) {
			return c.get(ctx, c.address(f, file), f.Ref, from)
		},
		Whole: func(ctx context.Context, path string) (bool, error) { return c.whole(ctx, path, file) },
		Progress: func(have int64) {
			if c.Progress != nil {
				c.Progress(download.Progress{File: file.Name, Done: have, Total: file.Size})
			}
		},
		Patience: c.patience, Stall: c.stall,
	}.Fetch(ctx)
	return c.explain(err, f, file)
}

// explain says of a download that failed what to do about it.
func (c *Client) explain(err error, f *Fetch, file File) error {
	var broken *download.Broken
	var silent *download.Silent
	var disk *download.Unwritten
	switch {
	case errors.As(err, &broken):
		return diag.Errorf(diag.Range{}, "A download broke off", "For %s of %s the hub sent %s. Run the command again: it goes on with what came.", file.Name, f.Ref, broken.Sent)
	case errors.As(err, &silent):
		return diag.Errorf(diag.Range{}, "A download broke off", "%s was silent for %s. Run the command again: it goes on with what came.", c.Endpoint, silent.For)
	case errors.As(err, &disk):
		return c.writing(disk.Err, disk.ToCome)
	case errors.Is(err, download.ErrDiffers):
		return diag.Errorf(diag.Range{}, "What the hub sends is not what it lists", "%s of %s came twice with another digest than %s. Something between may change it, such as a proxy; nothing of it was kept. Try again, or another network.", file.Name, f.Ref, file.etag())
	}
	return err
}

func (c *Client) address(f *Fetch, file File) string {
	words := strings.Split(file.Name, "/")
	for i, word := range words {
		words[i] = url.PathEscape(word)
	}
	return fmt.Sprintf("%s/%s/resolve/%s/%s", c.Endpoint, f.Ref.Repository(), f.Manifest.Commit, strings.Join(words, "/"))
}

// whole reports whether the file at a path is the one that the hub lists. The
// error is that of ctx alone: a file of which nothing is known yet is not a bad one.
func (c *Client) whole(ctx context.Context, path string, file File) (bool, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != file.Size {
		return false, nil
	}
	if file.SHA256 == "" {
		got, err := gitBlob(path)
		return err == nil && got == file.Blob, nil
	}
	got, err := c.Cache.sha256(ctx, path)
	return err == nil && got == file.SHA256, ctx.Err()
}

// gitBlob is what git calls a file: sha1 of "blob SIZE", a zero byte and the content.
func gitBlob(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	hash := sha1.New()
	fmt.Fprintf(hash, "blob %d\x00", info.Size())
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// writing turns an error of the disk into what to do about it.
func (c *Client) writing(err error, needed int64) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		free, _ := download.FreeBytes(c.Cache.Dir)
		return c.full(free, needed)
	case errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS):
		return diag.Errorf(diag.Range{}, "The cache cannot be written to", "%v. HF_HOME or HF_HUB_CACHE names another directory.", err)
	}
	return fmt.Errorf("write into the cache of the hub: %w", err)
}

func (c *Client) full(free, needed int64) error {
	return diag.Errorf(diag.Range{}, "Not enough space for the download", "%s has %s free, and %s are to come. Make room, or name a directory on another disk by HF_HOME or HF_HUB_CACHE; what came is kept.", c.Cache.Dir, size(free), size(needed))
}
