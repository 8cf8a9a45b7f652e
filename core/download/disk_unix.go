//go:build linux || darwin || freebsd

package download

import "golang.org/x/sys/unix"

// FreeBytes is what an ordinary user may still write under a directory.
func FreeBytes(dir string) (free int64, known bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true
}
