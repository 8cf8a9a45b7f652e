package sealed

import "time"

// Stamp is what tells a file from another state of it without reading it. The time of
// the inode's change is set by the kernel alone, so that a copy, or a change, made to
// look old does not pass.
type Stamp struct {
	Size           int64  `json:"size"`
	Content, Inode int64  // times of the last change, nanoseconds since 1970; Inode is 0 where it is not known
	Device, Number uint64 // of the file system and the inode; 0 where they are not known
}

// Before reports whether the file was left alone for some time before now: of one
// that has just changed the stamp may be that of a later state, too, as file systems
// tell times apart by up to two seconds.
func (s Stamp) Before(now time.Time, quiet time.Duration) bool {
	return max(s.Content, s.Inode) <= now.Add(-quiet).UnixNano()
}
