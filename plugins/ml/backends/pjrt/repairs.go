package pjrt

import "sync"

// repairs are what was found damaged in the caches of this process, for the calls
// that it serves to tell.
var repairs struct {
	sync.Mutex
	texts []string
}

// Repaired notes that something in a cache was damaged and is made again: a sentence.
func Repaired(text string) {
	repairs.Lock()
	defer repairs.Unlock()
	repairs.texts = append(repairs.texts, text)
}

// Repairs returns what was noted since it was called last.
func Repairs() []string {
	repairs.Lock()
	defer repairs.Unlock()
	texts := repairs.texts
	repairs.texts = nil
	return texts
}
