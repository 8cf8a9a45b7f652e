package sealed

import (
	"io/fs"
	"syscall"
)

// StampOf is a file's stamp as it is now.
func StampOf(info fs.FileInfo) Stamp {
	s := Stamp{Size: info.Size(), Content: info.ModTime().UnixNano()}
	if more, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Inode = more.Ctim.Nano()
		s.Device, s.Number = uint64(more.Dev), more.Ino
	}
	return s
}
