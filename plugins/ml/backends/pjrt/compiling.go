package pjrt

import (
	"sync"
	"time"
)

// Compilations are those that this process has made, and makes now.
type Compilations struct {
	Since time.Time     // the oldest that is under way began; zero if none is
	Done  int           // that have ended
	Took  time.Duration // those together
}

var watched struct {
	sync.Mutex
	Compilations
	begun []time.Time
}

// Watch is what compiles now. Programs that come from a cache are none.
func Watch() Compilations {
	watched.Lock()
	defer watched.Unlock()
	return watched.Compilations
}

// compiling notes that a compilation begins, and what it returns, that it ends.
func compiling(begin time.Time) (ended func()) {
	watched.Lock()
	defer watched.Unlock()
	watched.begun = append(watched.begun, begin)
	watched.Since = watched.begun[0]
	return func() {
		watched.Lock()
		defer watched.Unlock()
		for i, other := range watched.begun {
			if other.Equal(begin) {
				watched.begun = append(watched.begun[:i], watched.begun[i+1:]...)
				break
			}
		}
		watched.Since = time.Time{}
		if len(watched.begun) > 0 {
			watched.Since = watched.begun[0]
		}
		watched.Done++
		watched.Took += time.Since(begin)
	}
}
