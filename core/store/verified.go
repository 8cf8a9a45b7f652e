package store

import (
	"os"
	"sync"

	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// verified remembers which files this process has hashed and found right, by what
// tells a file from another state of it: also one that was altered and given its old
// size and time.
type verified struct {
	mu    sync.Mutex
	files map[string]sealed.Stamp // by path
}

func (v *verified) has(path string, info os.FileInfo) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, ok := v.files[path]
	return ok && known == sealed.StampOf(info)
}

func (v *verified) add(path string, info os.FileInfo) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.files == nil {
		v.files = map[string]sealed.Stamp{}
	}
	v.files[path] = sealed.StampOf(info)
}

func (v *verified) remove(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.files, path)
}

// link makes another name of a file. That changes the file's inode, and would have it
// hashed again, though its content stays.
func (v *verified) link(path, name string) error {
	before, err := os.Lstat(path)
	if err != nil {
		return err
	}
	known := v.has(path, before)
	if err := os.Link(path, name); err != nil {
		return err
	}
	after, err := os.Lstat(path)
	if err != nil || !known {
		return err
	}
	was, is := sealed.StampOf(before), sealed.StampOf(after)
	if was.Inode = is.Inode; was == is {
		v.add(path, after)
	}
	return nil
}
