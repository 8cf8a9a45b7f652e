// Package gitlfs knows the files that stand for others in a clone without Git LFS
// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md), so that whoever reads
// a file can say why it is none.
package gitlfs

import "bytes"

// begins is the first line of a pointer.
const begins = "version https://git-lfs.github.com/spec/v1"

// largest is more than any pointer has, in bytes.
const largest = 1024

// IsPointer reports whether a file that begins so is a pointer.
func IsPointer(head []byte) bool { return bytes.HasPrefix(head, []byte(begins)) }

// Whole reports whether a whole file is a pointer.
func Whole(content []byte) bool { return len(content) < largest && IsPointer(content) }

// Error is what a pointer is instead of what was expected, and the way out. It
// completes "the file".
type Error struct{}

func (Error) Error() string {
	return "it is a pointer of Git LFS, which stands for the file in a clone that was made without Git LFS: `git lfs pull` in that clone fetches it"
}
