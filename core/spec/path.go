package spec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/imagefolder"
)

// beside resolves a path against the directory of the HCL file, so that an
// experiment means the same wherever it is run from.
func (l *loader) beside(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(l.path), path)
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return filepath.Clean(path)
}

// file resolves a path argument and takes the digest of what is there. What is
// not there yet is a warning: an experiment can be planned before gigabytes are
// fetched. But a name that is nearly another one's is a mistake.
func (l *loader) file(argument Attribute, value string, at hcl.Range) (string, bool) {
	if value == "" {
		l.error(at, "Empty path", "%s names a file or directory, relative to the directory of %s.", argument.Name, l.path)
		return "", false
	}
	if hub.Is(value) {
		return l.repository(argument, value, at)
	}
	path := l.beside(value)
	if _, ok := l.spec.Digests[path]; ok {
		return path, true
	}
	digest, err := l.digest(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !l.missingPath(argument, value, path, at) {
			return "", false
		}
		digest = absent(value)
	case err != nil:
		l.error(at, "Cannot read file", "%s: %v.", argument.Name, err)
		return "", false
	}
	l.spec.Digests[path] = digest
	return path, true
}

// missingPath warns that nothing is at a path yet, and what belongs there. It
// reports false if that is a mistake.
func (l *loader) missingPath(argument Attribute, value, path string, at hcl.Range) bool {
	text := fmt.Sprintf("There is no file or directory %q beside %s.", value, filepath.Base(l.path))
	if other := neighbour(path); other != "" {
		l.error(at, "No such file", "%s%s", text, other)
		return false
	}
	if argument.Summary != "" {
		text += fmt.Sprintf(" Expected: %s.", strings.TrimSuffix(lowerFirst(argument.Summary), "."))
	}
	if argument.Obtain != "" {
		text += " " + argument.Obtain
	}
	if len(argument.Hub) > 0 && hub.LikeID(value) {
		text += fmt.Sprintf(" If the model %s of Hugging Face's hub is meant, write %q.", value, hub.Scheme+value)
	}
	l.spec.Missing[path] = l.warningAt(FromRange(at), "Missing file or directory", "%s", text)
	return true
}

// absent stands for the digest of what is not there: no content has such a one.
func absent(value string) string { return "missing: " + value }

// lowerFirst makes a sentence of a schema one that goes on.
func lowerFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	next, _ := utf8.DecodeRuneInString(text[size:])
	if unicode.IsUpper(next) {
		return text // CSV
	}
	return string(unicode.ToLower(first)) + text[size:]
}

// neighbour suggests another name in the directory of a path that is not there.
func neighbour(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	var existing []string
	for _, entry := range entries {
		existing = append(existing, entry.Name())
	}
	return diag.DidYouMean(filepath.Base(path), existing)
}

// DigestPath returns the sha256, in hex, of a file's content, or of a directory
// as digest.Path has it.
func DigestPath(ctx context.Context, path string) (string, error) {
	return (*digest.Memory)(nil).Path(ctx, path)
}

// ScanFolder looks into a folder of images, and remembers nothing.
func ScanFolder(ctx context.Context, folder imagefolder.Folder) (imagefolder.Inventory, error) {
	return folder.Scan(ctx, nil)
}

// folder says what images are in a folder. The zero Inventory comes after a
// mistake, which is reported.
func (l *loader) folder(folder imagefolder.Folder, value string, at hcl.Range) imagefolder.Inventory {
	if _, err := os.Stat(folder.Path); errors.Is(err, fs.ErrNotExist) {
		argument, _ := imagesForm.schema.Attribute("path")
		if !l.missingPath(argument, value, folder.Path, at) {
			return imagefolder.Inventory{}
		}
		return imagefolder.Inventory{Images: max(1, folder.Limit), Digest: absent(value)}
	}
	inventory, err := l.scan(folder)
	var found diag.List
	switch {
	case errors.As(err, &found):
		// People know the folder by the name that they gave it.
		named := value
		if !filepath.IsAbs(named) {
			named = filepath.Join(filepath.Dir(l.path), named)
		}
		for _, d := range found {
			for _, text := range []*string{&d.Subject.File, &d.Summary, &d.Detail} {
				*text = strings.ReplaceAll(*text, folder.Path, named)
			}
			l.add(d)
		}
	case err != nil:
		l.error(at, "Cannot read folder", "path: %v.", err)
	}
	if inventory.Splits != "" {
		l.warning(at, "Several splits are read as one", "By the names of its files the folder has the splits %s; all of them are taken, %d images. files = \"PATTERN\" chooses the files of one, such as \"*train*\" or \"train/metadata.jsonl\", or says that all are meant.", inventory.Splits, inventory.Images)
	}
	if inventory.LeftOut > 0 {
		l.warning(at, "Images that nothing speaks of", "Image files of the folder that no metadata names: %d. They are left out; %d are taken. Add lines for them, or remove them.", inventory.LeftOut, inventory.Images)
	}
	return inventory
}
