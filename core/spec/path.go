package spec

import (
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
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
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
	path := l.beside(value)
	if _, ok := l.spec.Digests[path]; ok {
		return path, true
	}
	digest, err := l.options.Digest(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		nothing := fmt.Sprintf("There is no file or directory %q beside %s.", value, filepath.Base(l.path))
		if other := neighbour(path); other != "" {
			l.error(at, "No such file", "%s%s", nothing, other)
			return "", false
		}
		if argument.Summary != "" {
			nothing += fmt.Sprintf(" It is to be: %s.", strings.TrimSuffix(lowerFirst(argument.Summary), "."))
		}
		if argument.Obtain != "" {
			nothing += " " + argument.Obtain
		}
		l.warning(at, "Nothing there yet", "%s", nothing)
		l.spec.Missing[path] = l.diagnostics[len(l.diagnostics)-1]
		digest = "missing: " + value // no content has such a digest
	case err != nil:
		l.error(at, "Cannot read file", "%s: %v.", argument.Name, err)
		return "", false
	}
	l.spec.Digests[path] = digest
	return path, true
}

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

// DigestPath returns the sha256, in hex, of a file's content, or of a
// directory: of one line for each file below it, in the order of their names,
// with the file's digest, two spaces and its relative name with slashes (what
// sha256sum prints). Links to files count as files; a link to a directory is
// an error, because it may lead in a circle.
func DigestPath(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return digestFile(path)
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return nil
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a directory", name)
		}
		relative, err := filepath.Rel(path, name)
		if err != nil {
			return err
		}
		files = append(files, filepath.ToSlash(relative))
		return nil
	})
	if err != nil {
		return "", err
	}
	slices.Sort(files)
	hash := sha256.New()
	for _, name := range files {
		digest, err := digestFile(filepath.Join(path, filepath.FromSlash(name)))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s  %s\n", digest, name)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func digestFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
