package store

import (
	"os"
	"path/filepath"
)

// Find looks for a store under a name, such as runs/store, in a directory and in those
// above it, as git looks for its repository. A directory that anybody may write to,
// such as the system's for temporary files, ends the search: what lies there may be
// anybody's.
func Find(from, name string) (dir string, found bool) {
	from, err := filepath.Abs(from)
	if err != nil {
		return "", false // of a working directory that is gone
	}
	for first := true; ; first = false {
		if info, err := os.Stat(from); err == nil && !first && info.Mode().Perm()&0o002 != 0 {
			return "", false
		}
		if dir := filepath.Join(from, name); hasFormat(dir) {
			return dir, true
		}
		above := filepath.Dir(from)
		if above == from {
			return "", false
		}
		from = above
	}
}

func hasFormat(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, formatFile))
	return err == nil && info.Mode().IsRegular()
}
