package pretrained

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Copy copies the weights called name (Diffusers or Transformers) from one
// directory into another one: those that Read would read, under the names of
// the first choice, so that other programs find them without being told a
// variant. Every other file that is in the directory stays behind.
func Copy(to, from, name string) error {
	f, err := openFiles(from, name)
	if err != nil {
		return err
	}
	paths := map[string]string{} // in from, by name in to
	for _, r := range f.readers {
		file := filepath.Base(r.Path())
		paths[file] = file
	}
	if f.index != "" {
		paths[name+extension+".index.json"] = f.index
	} else {
		paths = map[string]string{name + extension: filepath.Base(f.readers[0].Path())}
	}
	if err := f.close(); err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(paths)) {
		if err := CopyFile(filepath.Join(to, file), filepath.Join(from, paths[file])); err != nil {
			return err
		}
	}
	return nil
}

// CopyFile copies a file, on file systems that can without taking up space. A
// link would do, but for who writes through it later.
func CopyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(fmt.Errorf("copy %s: %w", from, err), out.Close())
	}
	return out.Close()
}
