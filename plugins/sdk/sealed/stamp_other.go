//go:build !linux

package sealed

import "io/fs"

// StampOf is a file's stamp as it is now: size and time of content alone, what every
// system tells.
func StampOf(info fs.FileInfo) Stamp {
	return Stamp{Size: info.Size(), Content: info.ModTime().UnixNano()}
}
