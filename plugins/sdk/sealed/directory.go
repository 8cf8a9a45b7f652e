package sealed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// listEnding is what the path of a directory's list of digests has behind that of the
// directory. The list is what sha256sum prints, and is a sealed file itself.
const listEnding = ".sha256"

// SealDirectory seals all files below a directory, which must be whole: beside it
// comes a list of their digests.
func SealDirectory(dir string) error {
	list, err := listOf(dir, true)
	if err != nil {
		return fmt.Errorf("seal directory: %w", err)
	}
	if err := atomicfile.Write(dir+listEnding, []byte(list)); err != nil {
		return fmt.Errorf("seal directory: %w", err)
	}
	return Seal(dir + listEnding)
}

// FindDirectory reports whether a directory was sealed and is intact: no file is
// another, none is missing and none is there beside them. What is left of a damaged
// one is removed, and then the error is a *Damaged: warn, and go on.
func FindDirectory(dir string) (intact bool, err error) {
	name, err := Find(dir + listEnding)
	var damaged *Damaged
	if err != nil && !errors.As(err, &damaged) {
		return false, err
	}
	if name != "" {
		want, err := os.ReadFile(name)
		if err != nil {
			return false, fmt.Errorf("find directory: %w", err)
		}
		if have, err := listOf(dir, false); err == nil && have == string(want) {
			return true, nil
		}
		damaged = &Damaged{dir}
		if err := os.Remove(name); err != nil {
			return false, fmt.Errorf("remove what is damaged: %w", err)
		}
	}
	if err := os.RemoveAll(dir); err != nil { // also what a kill left unsealed
		return false, fmt.Errorf("remove what is damaged: %w", err)
	}
	if damaged != nil {
		return false, damaged
	}
	return false, nil
}

// listOf lists the files below a directory with their digests, in the order of their
// names, and has them on the disk if it is to last.
func listOf(dir string, lasting bool) (string, error) {
	var list strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if lasting {
				err = atomicfile.SyncDir(path)
			}
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if lasting {
			if err := syncFile(path); err != nil {
				return err
			}
		}
		sum, err := digest(path)
		fmt.Fprintf(&list, "%s  %s\n", sum, filepath.ToSlash(relative))
		return err
	})
	if err == nil && lasting {
		err = atomicfile.SyncDir(filepath.Dir(dir))
	}
	return list.String(), err
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
