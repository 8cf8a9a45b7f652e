package install

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
)

// given finds the wheels of a release among files that the user names, and in
// directories of them. A file is known by its content, whatever it is called.
func given(ctx context.Context, r Release, from []string) ([]string, error) {
	paths := make([]string, len(r.Wheels))
	var problems diag.List
	var unfit []string // of directories
	for _, path := range from {
		files, isDir := []string{path}, false
		info, err := os.Stat(path)
		switch {
		case err != nil:
			problems.Errorf(diag.Range{}, "The wheel cannot be read", "--from %s: %v.", path, err)
			continue
		case info.IsDir():
			isDir = true
			if files, err = filepath.Glob(filepath.Join(quoteGlob(path), "*.whl")); err != nil {
				return nil, err
			}
		}
		for _, file := range files {
			got, err := (*digest.Memory)(nil).File(ctx, file)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				problems.Errorf(diag.Range{}, "The wheel cannot be read", "--from %s: %v.", file, err)
				continue
			}
			if i := slices.IndexFunc(r.Wheels, func(w Wheel) bool { return w.SHA256 == got }); i >= 0 {
				paths[i] = file
				continue
			}
			if text := mismatch(r, file, got); isDir {
				unfit = append(unfit, text)
			} else {
				problems.Errorf(diag.Range{}, "It is not the wheel that plumb takes", "--from %s", text)
			}
		}
	}
	var missing []string
	for i, w := range r.Wheels {
		if paths[i] == "" {
			missing = append(missing, w.File)
		}
	}
	if len(missing) > 0 && len(problems) == 0 {
		text := fmt.Sprintf("%s is made of %d wheels, and of those these are not among the files of --from, which may be given several times or name a directory: %s.", r.Backend, len(r.Wheels), strings.Join(missing, ", "))
		if len(unfit) > 0 {
			text += " What was found: " + strings.Join(unfit, " ")
		}
		problems.Errorf(diag.Range{}, "Wheels are missing", "%s", text+" --dry-run prints how to fetch them.")
	}
	return paths, problems.Err()
}

// mismatch says what is wrong with a file that is none of a release's wheels.
func mismatch(r Release, path, digest string) string {
	head := make([]byte, 64)
	if file, err := os.Open(path); err == nil {
		n, _ := io.ReadFull(file, head)
		head = head[:n]
		file.Close()
	}
	var names []string
	for _, w := range r.Wheels {
		names = append(names, w.File)
	}
	wanted := strings.Join(names, ", ")
	if len(names) > 3 {
		wanted = fmt.Sprintf("one of the %d that --dry-run lists", len(names))
	}
	for _, other := range releases {
		for _, w := range other.Wheels {
			if w.SHA256 == digest && other.Platform != r.Platform {
				return fmt.Sprintf("%s is for %s, and this machine is %s: it takes %s.", path, other.Platform, r.Platform, wanted)
			}
			if w.SHA256 == digest {
				return fmt.Sprintf("%s is of %s, and not of %s: that takes %s.", path, other.Backend, r.Backend, wanted)
			}
		}
	}
	switch start := bytes.TrimSpace(head); {
	case len(head) == 0:
		return fmt.Sprintf("%s is empty; wanted is %s.", path, wanted)
	case bytes.HasPrefix(start, []byte("<")):
		return fmt.Sprintf("%s is a page of the web, such as a proxy's, and not a wheel; wanted is %s.", path, wanted)
	case !bytes.HasPrefix(head, []byte("PK")):
		return fmt.Sprintf("%s is not a wheel, which is a zip file; wanted is %s.", path, wanted)
	}
	name := strings.Split(filepath.Base(path), "-")
	for _, w := range r.Wheels {
		own := strings.Split(w.File, "-")
		switch {
		case filepath.Base(path) == w.File:
			return fmt.Sprintf("%s has the right name, and another content (sha256 %s in the place of %s): it is damaged, or not whole. Fetch it again.", path, digest, w.SHA256)
		case len(name) > 2 && name[0] == own[0] && name[1] != own[1]:
			return fmt.Sprintf("%s is version %s of %s; this plumb takes %s (%s).", path, name[1], w.Package, w.Version, w.File)
		case len(name) > 2 && name[0] == own[0]:
			return fmt.Sprintf("%s is for another machine; this one takes %s.", path, w.File)
		}
	}
	return fmt.Sprintf("%s is none of the wheels of %s; wanted is %s.", path, r.Backend, wanted)
}

// unzip unpacks a wheel into a directory, and returns how many bytes its files
// have. It is known by its digest, so what is looked at here is only what would
// write elsewhere.
func unzip(ctx context.Context, path, dir string, progress func(done int64)) (total int64, err error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return 0, fmt.Errorf("unpack %s: %w", path, err)
	}
	defer archive.Close()
	for _, entry := range archive.File {
		name := filepath.FromSlash(entry.Name)
		if !filepath.IsLocal(name) {
			return total, fmt.Errorf("unpack %s: %q lies outside", path, entry.Name)
		}
		target := filepath.Join(dir, name)
		if entry.FileInfo().IsDir() {
			if err := os.MkdirAll(target, 0o755); err != nil {
				return total, err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return total, err
		}
		before := total
		size, err := unzipFile(ctx, entry, target, func(done int64) { progress(before + done) })
		if err != nil {
			return total, fmt.Errorf("unpack %s: %w", entry.Name, err)
		}
		total += size
	}
	return total, nil
}

func unzipFile(ctx context.Context, entry *zip.File, target string, progress func(done int64)) (size int64, err error) {
	mode := os.FileMode(0o644)
	if entry.Mode()&0o111 != 0 { // ptxas
		mode = 0o755
	}
	content, err := entry.Open()
	if err != nil {
		return 0, err
	}
	defer content.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for {
		if ctx.Err() != nil {
			return size, ctx.Err()
		}
		n, err := io.CopyN(out, content, 4<<20)
		size += n
		progress(size)
		if errors.Is(err, io.EOF) {
			return size, out.Sync()
		}
		if err != nil {
			return size, err
		}
	}
}
