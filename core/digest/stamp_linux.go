package digest

import (
	"io/fs"
	"syscall"
)

func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), content: info.ModTime().UnixNano()}
	if more, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = more.Ctim.Nano()
		s.device, s.number = uint64(more.Dev), more.Ino
	}
	return s
}
