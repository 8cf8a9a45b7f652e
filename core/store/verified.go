package store

import (
	"os"
	"sync"
)

// verified remembers which files this process has hashed and found right.
type verified struct {
	mu    sync.Mutex
	files map[string]stamp // by path
}

// stamp tells a file from a later state of the same file, near enough to spare
// hashing it again.
type stamp struct {
	size    int64
	changed int64 // nanoseconds
}

func stampOf(info os.FileInfo) stamp { return stamp{info.Size(), info.ModTime().UnixNano()} }

func (v *verified) has(path string, info os.FileInfo) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, ok := v.files[path]
	return ok && known == stampOf(info)
}

func (v *verified) add(path string, info os.FileInfo) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.files == nil {
		v.files = map[string]stamp{}
	}
	v.files[path] = stampOf(info)
}

func (v *verified) remove(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.files, path)
}
