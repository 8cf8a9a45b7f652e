package install

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// Manifest says what was installed.
type Manifest struct {
	Backend   string    `json:"backend"`
	Platform  string    `json:"platform"`
	Version   string    `json:"version"`
	Plugin    string    `json:"plugin"` // its file below the directory, with slashes
	SHA256    string    `json:"sha256"` // of that
	Bytes     int64     `json:"bytes"`  // of all files
	Wheels    []Source  `json:"wheels"`
	Installed time.Time `json:"installed"`
}

// Source is a wheel and where it came from.
type Source struct {
	Package string `json:"package"`
	Version string `json:"version"`
	File    string `json:"file"`
	SHA256  string `json:"sha256"`
	From    string `json:"from"` // an address, or a path
}

const manifestName = "manifest.json"

// Installed is a backend that is here.
type Installed struct {
	Manifest
	Dir string
	// Unreadable is why its manifest says nothing; nil: it does. Of the manifest
	// there are the backend and the version, as directories are named, then.
	Unreadable error
}

// Path is the file of the plugin.
func (i Installed) Path() string { return filepath.Join(i.Dir, filepath.FromSlash(i.Plugin)) }

// folder is the directory of a backend's versions.
func folder(root, backend string) string {
	return filepath.Join(root, strings.ReplaceAll(backend, ":", "-"))
}

// List returns what is installed below a directory, the backends in the order of
// the table. What has no manifest was not installed.
func List(root string) []Installed {
	var all []Installed
	for _, backend := range Backends() {
		paths, _ := filepath.Glob(filepath.Join(quoteGlob(folder(root, backend)), "*", manifestName))
		for _, path := range paths {
			dir := filepath.Dir(path)
			m, err := readManifest(path)
			if err == nil && m.Backend != backend {
				err = fmt.Errorf("read %s: it is of %s", path, m.Backend)
			}
			if err != nil {
				m = Manifest{Backend: backend, Version: filepath.Base(dir)}
			}
			all = append(all, Installed{Manifest: m, Dir: dir, Unreadable: err})
		}
	}
	return all
}

// quoteGlob makes a path a pattern that fits it alone.
func quoteGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func readManifest(path string) (Manifest, error) {
	var m Manifest
	text, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	lines, damaged := sealed.Lines(text)
	if len(lines) != 1 || damaged > 0 {
		return m, fmt.Errorf("read %s: it is damaged", path)
	}
	if err := json.Unmarshal(lines[0], &m); err != nil {
		return m, fmt.Errorf("read %s: %w", path, err)
	}
	if !filepath.IsLocal(filepath.FromSlash(m.Plugin)) {
		return m, fmt.Errorf("read %s: the plugin %q lies outside", path, m.Plugin)
	}
	return m, nil
}

func (m Manifest) write(dir string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, manifestName), sealed.Line(text))
}

// Check compares what is here with what was installed: all files by name and
// size, as the wheels' own lists have them (*.dist-info/RECORD), and the plugin by
// its digest. The error is one sentence, or that of ctx.
func (i Installed) Check(ctx context.Context) error {
	if i.Unreadable != nil {
		return i.Unreadable
	}
	lists, err := filepath.Glob(filepath.Join(quoteGlob(i.Dir), "*.dist-info", "RECORD"))
	if err != nil || len(lists) < len(i.Wheels) {
		return fmt.Errorf("of %d wheels' lists of files %d are there", len(i.Wheels), len(lists))
	}
	for _, list := range lists {
		if err := checkList(i.Dir, list); err != nil {
			return err
		}
	}
	got, err := (*digest.Memory)(nil).File(ctx, i.Path())
	if err != nil {
		return err
	}
	if got != i.SHA256 {
		return fmt.Errorf("%s has another content than what was installed", filepath.Base(i.Path()))
	}
	return nil
}

// checkList compares the files of one wheel with its list: path, digest, size.
func checkList(dir, list string) error {
	file, err := os.Open(list)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("read %s: %w", list, err)
	}
	for _, row := range rows {
		if len(row) != 3 || row[2] == "" { // the list itself has no size in it
			continue
		}
		want, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil {
			return fmt.Errorf("read %s: %w", list, err)
		}
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(row[0])))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s is missing", row[0])
		case err != nil:
			return err
		case info.Size() != want:
			return fmt.Errorf("%s has %d bytes in the place of %d", row[0], info.Size(), want)
		}
	}
	return nil
}

// Holds returns what was installed that a file is part of.
func Holds(root, path string) (Installed, bool) {
	for _, one := range List(root) {
		if below, err := filepath.Rel(one.Dir, path); err == nil && filepath.IsLocal(below) {
			return one, true
		}
	}
	return Installed{}, false
}

// backendOf returns what of a backend is installed.
func backendOf(root, backend string) []Installed {
	return slices.DeleteFunc(List(root), func(i Installed) bool { return i.Backend != backend })
}
