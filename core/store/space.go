package store

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/dustin/go-humanize"
)

// NoSpace says that the disk, or the user's share of it, is full. Nothing that
// was put before is affected.
type NoSpace struct {
	Dir    string // the store, or the directory that was being written to
	Free   int64  // bytes; -1 if unknown
	Needed int64  // bytes; 0 if unknown
	Files  bool   // there is space, but the file system holds no more files
	Err    error
}

func (n *NoSpace) Error() string {
	text := "no space left for " + n.Dir
	switch {
	case n.Files:
		text = fmt.Sprintf("the file system of %s holds no more files (it has no inodes left, though %s are free)", n.Dir, size(n.Free))
	case n.Free >= 0 && n.Needed > 0:
		text += fmt.Sprintf(" (%s free, %s needed)", size(n.Free), size(n.Needed))
	case n.Free >= 0:
		text += fmt.Sprintf(" (%s free)", size(n.Free))
	case n.Needed > 0:
		text += fmt.Sprintf(" (%s needed)", size(n.Needed))
	}
	return text + "; make room and run again, finished stages are kept"
}

func (n *NoSpace) Unwrap() error { return n.Err }

// CheckSpace turns an error that means a full disk into *NoSpace and returns
// every other error, also nil, as it is. It is for whoever writes into a Work
// too. Needed is the number of bytes that had to be written, 0 if unknown.
func (s *Store) CheckSpace(err error, needed int64) error {
	var known *NoSpace
	if errors.As(err, &known) || !isFull(err) {
		return err
	}
	bytes, files, failed := diskFree(s.dir)
	if failed != nil {
		return &NoSpace{Dir: s.dir, Free: -1, Needed: needed, Err: err}
	}
	return &NoSpace{Dir: s.dir, Free: bytes, Needed: needed, Files: files == 0 && bytes > needed, Err: err}
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// size prints bytes for people.
func size(bytes int64) string { return humanize.IBytesN(uint64(bytes), 3) }
