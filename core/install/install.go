package install

import (
	"context"
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

	"github.com/dustin/go-humanize"
	"github.com/gofrs/flock"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/core/download"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Installer installs backends below a directory.
type Installer struct {
	Root     string
	Variable string // of the environment, that names another root; for messages
	Index    *Index // nil: nothing is fetched
	// Progress, if not nil, is called while a wheel comes, and while it is unpacked.
	Progress func(download.Progress)
	// Say tells the user something that is no error.
	Say func(text string)
}

// names of what lies beside the backends.
const (
	lockName      = ".lock"
	downloadsName = ".downloads"
	newPattern    = ".new-*"
)

// Install brings a release, from files if any are given and else from the index.
// If it is here already and whole, new is false. After an error, nothing of it is
// installed; what came of its wheels is kept for the next call.
func (in *Installer) Install(ctx context.Context, r Release, from []string) (done Installed, isNew bool, err error) {
	unlock, err := in.lock(ctx)
	if err != nil {
		return Installed{}, false, err
	}
	defer unlock()
	if err := in.clean(); err != nil {
		return Installed{}, false, in.writing(err, 0)
	}
	place := filepath.Join(folder(in.Root, r.Backend), r.Version)
	if m, err := readManifest(filepath.Join(place, manifestName)); err == nil && m.Backend == r.Backend && m.Platform == r.Platform {
		here := Installed{Manifest: m, Dir: place}
		switch err := here.Check(ctx); {
		case ctx.Err() != nil:
			return Installed{}, false, ctx.Err()
		case err == nil:
			return here, false, nil
		default:
			in.Say(fmt.Sprintf("%s %s is here, but damaged (%v); it is installed again.", r.Backend, r.Version, err))
		}
	}
	paths, sources, err := in.wheels(ctx, r, from)
	if err != nil {
		return Installed{}, false, err
	}
	done, err = in.unpack(ctx, r, paths, sources, place)
	if err != nil {
		return Installed{}, false, err
	}
	for _, other := range backendOf(in.Root, r.Backend) {
		if other.Version != r.Version {
			if _, err := in.remove(other.Dir); err != nil {
				return Installed{}, false, err
			}
			in.Say(fmt.Sprintf("%s %s, which was here before, is removed.", other.Backend, other.Version))
		}
	}
	return done, true, in.writing(os.RemoveAll(filepath.Join(in.Root, downloadsName)), 0)
}

// Uninstall removes all versions of a backend, and returns what was removed.
func (in *Installer) Uninstall(ctx context.Context, backend string) ([]Installed, error) {
	if !slices.Contains(Backends(), backend) {
		_, err := Find(backend, "")
		return nil, err
	}
	if len(backendOf(in.Root, backend)) == 0 {
		return nil, diag.Errorf(diag.Range{}, "It is not installed", "Below %s there is no %s that plumb installed. `plumb backend list` says what is found elsewhere; pip uninstalls what pip installed.", in.Root, backend)
	}
	unlock, err := in.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := in.clean(); err != nil {
		return nil, in.writing(err, 0)
	}
	removed := backendOf(in.Root, backend)
	if _, err := in.remove(folder(in.Root, backend)); err != nil {
		return nil, err
	}
	return removed, in.writing(os.RemoveAll(filepath.Join(in.Root, downloadsName)), 0)
}

// lock makes this the only process that installs below the root, and waits for others.
func (in *Installer) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(in.Root, 0o755); err != nil {
		return nil, in.writing(err, 0)
	}
	lock := flock.New(filepath.Join(in.Root, lockName))
	unlock = func() { lock.Close() }
	switch locked, err := lock.TryLock(); {
	case locked:
		return unlock, nil
	case errors.Is(err, syscall.EROFS) || errors.Is(err, os.ErrPermission):
		return nil, in.writing(err, 0)
	case err != nil: // a file system without locks: two that install at once get into each other's way, and say so
		in.Say(fmt.Sprintf("%s cannot be locked (%v): start no second installation meanwhile.", in.Root, err))
		return unlock, nil
	}
	in.Say(fmt.Sprintf("Another plumb is installing into %s; waiting for it.", in.Root))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return nil, err
	}
	return unlock, nil
}

// clean removes what calls that were killed have left. Wheels that were coming
// stay, as far as the table still has them.
func (in *Installer) clean() error {
	left, err := filepath.Glob(filepath.Join(quoteGlob(in.Root), newPattern))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	downloads := filepath.Join(in.Root, downloadsName)
	entries, err := os.ReadDir(downloads)
	if err != nil {
		return nil // there is none
	}
	for _, entry := range entries {
		if !known(strings.TrimSuffix(entry.Name(), partSuffix)) {
			if err := os.RemoveAll(filepath.Join(downloads, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// known reports whether the table has a wheel.
func known(file string) bool {
	return slices.ContainsFunc(releases, func(r Release) bool {
		return slices.ContainsFunc(r.Wheels, func(w Wheel) bool { return w.File == file })
	})
}

const partSuffix = ".part"

// wheels returns the files of a release, and where each is from.
func (in *Installer) wheels(ctx context.Context, r Release, from []string) (paths []string, sources []Source, err error) {
	_, unpacked := r.Size()
	if len(from) > 0 {
		if paths, err = given(ctx, r, from); err != nil {
			return nil, nil, err
		}
		for i, w := range r.Wheels {
			path, err := filepath.Abs(paths[i])
			if err != nil {
				return nil, nil, err
			}
			sources = append(sources, Source{w.Package, w.Version, w.File, w.SHA256, path})
		}
		return paths, sources, in.room(unpacked)
	}
	if in.Index == nil {
		return nil, nil, errors.New("install: neither files nor an index")
	}
	downloads := filepath.Join(in.Root, downloadsName)
	if err := os.MkdirAll(downloads, 0o755); err != nil {
		return nil, nil, in.writing(err, 0)
	}
	toCome := unpacked
	for _, w := range r.Wheels {
		toCome += w.Size
		for _, name := range []string{w.File, w.File + partSuffix} {
			if info, err := os.Stat(filepath.Join(downloads, name)); err == nil {
				toCome -= min(info.Size(), w.Size)
				break
			}
		}
	}
	if err := in.room(toCome); err != nil {
		return nil, nil, err
	}
	for _, w := range r.Wheels {
		path := filepath.Join(downloads, w.File)
		address, err := in.fetch(ctx, w, path)
		if err != nil {
			return nil, nil, err
		}
		paths = append(paths, path)
		sources = append(sources, Source{w.Package, w.Version, w.File, w.SHA256, address})
	}
	return paths, sources, nil
}

// fetch brings a wheel, unless it is there already, and says where it is from.
func (in *Installer) fetch(ctx context.Context, w Wheel, path string) (from string, err error) {
	whole := func(ctx context.Context, path string) (bool, error) {
		info, err := os.Stat(path)
		if err != nil || info.Size() != w.Size {
			return false, nil
		}
		got, err := (*digest.Memory)(nil).File(ctx, path)
		return err == nil && got == w.SHA256, ctx.Err()
	}
	address, err := in.Index.address(ctx, w)
	if err != nil {
		return "", err
	}
	if there, err := whole(ctx, path); there || err != nil {
		return address.Redacted(), err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // damaged
		return "", in.writing(err, 0)
	}
	err = download.File{
		Path: path, Part: path + partSuffix, Size: w.Size,
		Get: func(ctx context.Context, from int64) (*http.Response, error) {
			return in.Index.file(ctx, address, from)
		},
		Whole:    whole,
		Progress: func(have int64) { in.progress(w.Package+" "+w.Version, have, w.Size) },
		Patience: in.Index.patience, Stall: in.Index.stall,
	}.Fetch(ctx)
	return address.Redacted(), in.explain(err, w, address)
}

func (in *Installer) progress(file string, done, total int64) {
	if in.Progress != nil {
		in.Progress(download.Progress{File: file, Done: done, Total: total})
	}
}

// file asks for a wheel.
func (x *Index) file(ctx context.Context, address *url.URL, from int64) (*http.Response, error) {
	response, err := x.get(ctx, address, from, "*/*")
	if err != nil {
		return nil, err
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode == http.StatusOK && strings.HasPrefix(kind, "text/html") {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		response.Body.Close()
		return nil, diag.Errorf(diag.Range{}, "A page came in the place of the wheel", "%s sent %s (%s). Something between answers in its place, such as a proxy that wants a login. Nothing of it was kept.", address.Redacted(), kind, excerpt(text))
	}
	return response, nil
}

// explain says of a download that failed what to do about it.
func (in *Installer) explain(err error, w Wheel, address *url.URL) error {
	var broken *download.Broken
	var silent *download.Silent
	var disk *download.Unwritten
	switch {
	case errors.As(err, &broken):
		return diag.Errorf(diag.Range{}, "A download broke off", "For %s, %s sent %s. Run the command again: it goes on with what came.", w.File, address.Host, broken.Sent)
	case errors.As(err, &silent):
		return diag.Errorf(diag.Range{}, "A download broke off", "%s was silent for %s. Run the command again: it goes on with what came.", address.Host, silent.For)
	case errors.As(err, &disk):
		return in.writing(disk.Err, disk.ToCome)
	case errors.Is(err, download.ErrDiffers):
		return diag.Errorf(diag.Range{}, "What comes is not the wheel that plumb takes", "%s came twice with another sha256 than %s, from %s. Something between may change it, such as a proxy; nothing of it was kept. Try again, or another index (PIP_INDEX_URL).", w.File, w.SHA256, address.Host)
	}
	return err
}

// unpack makes the directory of a release.
func (in *Installer) unpack(ctx context.Context, r Release, paths []string, sources []Source, place string) (Installed, error) {
	_, all := r.Size()
	made, err := os.MkdirTemp(in.Root, newPattern)
	if err != nil {
		return Installed{}, in.writing(err, all)
	}
	defer os.RemoveAll(made) // nothing is left of it if all went well
	if err := os.Chmod(made, 0o755); err != nil {
		return Installed{}, in.writing(err, all)
	}
	m := Manifest{Backend: r.Backend, Platform: r.Platform, Version: r.Version, Plugin: r.Plugin, Wheels: sources, Installed: time.Now().UTC().Truncate(time.Second)}
	for i := range r.Wheels {
		size, err := unzip(ctx, paths[i], made, func(done int64) { in.progress("unpacking", m.Bytes+done, all) })
		if ctx.Err() != nil {
			return Installed{}, ctx.Err()
		}
		if err != nil {
			return Installed{}, in.writing(err, all-m.Bytes)
		}
		m.Bytes += size
	}
	if m.SHA256, err = (*digest.Memory)(nil).File(ctx, filepath.Join(made, filepath.FromSlash(r.Plugin))); err != nil {
		return Installed{}, in.writing(err, 0)
	}
	if err := m.write(made); err != nil {
		return Installed{}, in.writing(err, 0)
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return Installed{}, in.writing(err, 0)
	}
	if _, err := in.remove(place); err != nil { // damaged
		return Installed{}, err
	}
	err = os.Rename(made, place) // its files are synced as they are unpacked
	if err == nil {
		err = atomicfile.SyncDir(filepath.Dir(place))
	}
	if err != nil {
		return Installed{}, in.writing(err, 0)
	}
	return Installed{Manifest: m, Dir: place}, nil
}

// remove takes a directory away: out of sight at once, then file by file.
func (in *Installer) remove(dir string) (was bool, err error) {
	away, err := os.MkdirTemp(in.Root, newPattern)
	if err != nil {
		return false, in.writing(err, 0)
	}
	defer os.RemoveAll(away) // if it fails, the next call tries again
	err = os.Rename(dir, filepath.Join(away, "old"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, in.writing(err, 0)
}

// room looks for space before anything is written.
func (in *Installer) room(needed int64) error {
	if free, known := download.FreeBytes(in.Root); known && free < needed {
		return in.full(free, needed)
	}
	return nil
}

// writing turns an error of the disk into what to do about it.
func (in *Installer) writing(err error, needed int64) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		free, _ := download.FreeBytes(in.Root)
		return in.full(free, needed)
	case errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS):
		return diag.Errorf(diag.Range{}, "The directory of backends cannot be written to", "%v. %s names another directory; it must name the same one when plumb runs.", err, in.Variable)
	}
	return fmt.Errorf("install into %s: %w", in.Root, err)
}

func (in *Installer) full(free, needed int64) error {
	return diag.Errorf(diag.Range{}, "Not enough space for the backend", "%s has %s free, and %s are to come. Make room, or name a directory on another disk by %s. Nothing is installed half.", in.Root, size(free), size(needed), in.Variable)
}

// size prints bytes for people.
func size(bytes int64) string { return humanize.IBytesN(uint64(bytes), 3) }
