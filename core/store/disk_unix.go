//go:build linux || darwin || freebsd

package store

import "golang.org/x/sys/unix"

// diskFree returns the bytes that an ordinary user may still write under a
// directory, and how many files may still be made there. Where a file system does
// not count files, that is as many as there can be.
func diskFree(dir string) (bytes int64, files uint64, err error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, 0, err
	}
	files = uint64(stat.Ffree)
	if stat.Files == 0 {
		files = 1<<64 - 1
	}
	return int64(stat.Bavail) * int64(stat.Bsize), files, nil
}
