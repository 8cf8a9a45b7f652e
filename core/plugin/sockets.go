package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/plumb-ml/plumb/core/diag"
)

// socketsPrefix begins the names of directories of sockets, and of their locks.
const (
	socketsPrefix     = "plumb-"
	socketsLockSuffix = ".lock"
)

// sockets is the directory below which a host's plugins have their sockets. What a
// host that was killed together with its plugins leaves there, the next one removes:
// who lives holds a lock.
type sockets struct {
	dir  string
	lock *flock.Flock
}

// longestSockets is how long the path of a host's directory may be: that of a socket
// in it has at most 104 bytes on some systems, of which go-plugin takes up to 44.
const longestSockets = 60

// shortest is where sockets are if the directory of temporary files has too long a path.
const shortest = "/tmp"

// openSockets makes a directory below that of temporary files, and removes those of
// the dead. Where paths would get too long for sockets it is below /tmp; where that
// cannot be, it is nil.
func openSockets(below string) (*sockets, error) {
	removeSocketsOfTheDead(below)
	for {
		dir, err := os.MkdirTemp(below, socketsPrefix)
		if err != nil {
			return nil, fmt.Errorf("make a directory for plugins' sockets: %w", err)
		}
		if err := closeToOthers(dir); err != nil {
			os.Remove(dir)
			return nil, err
		}
		if len(dir) > longestSockets {
			if err := os.Remove(dir); err != nil || below == shortest {
				return nil, err
			}
			if info, err := os.Stat(shortest); err != nil || !info.IsDir() {
				return nil, nil
			}
			s, err := openSockets(shortest)
			if err != nil {
				return nil, nil
			}
			return s, nil
		}
		s := &sockets{dir: dir, lock: flock.New(dir + socketsLockSuffix)}
		held, err := s.lock.TryLock()
		switch {
		case err == nil && held:
			return s, nil
		case err != nil: // no locks here: nobody takes it for a dead host's, and what is left stays
			s.lock.Close()
			s.lock = nil
			return s, nil
		}
		// Another host, which clears away, was at the new lock first.
		s.lock.Close()
		os.RemoveAll(dir)
	}
}

// closeToOthers sees to it that no other user can enter a directory, which is what guards
// the connections to plugins: what crosses them is not encrypted. A directory is made so;
// file systems that keep no modes show it otherwise.
func closeToOthers(dir string) error {
	const own, others = 0o700, 0o077
	info, err := os.Stat(dir)
	if err == nil && !overPorts && info.Mode()&others != 0 {
		if err = os.Chmod(dir, own); err == nil {
			info, err = os.Stat(dir)
		}
	}
	switch {
	case err == nil && (overPorts || info.Mode()&others == 0):
		return nil
	case err == nil:
		err = fmt.Errorf("its mode stays %v", info.Mode())
	}
	return diag.Errorf(diag.Range{}, "Plugins have no place for their sockets that is closed to other users",
		"%s: %v. Let TMPDIR name a directory whose file system keeps modes, such as /tmp.", dir, err)
}

// close removes the directory.
func (s *sockets) close() {
	os.RemoveAll(s.dir)
	if s.lock != nil {
		os.Remove(s.lock.Path())
		s.lock.Close()
	}
}

// removeDead removes what dead hosts have left wherever one has its sockets whose
// directory of temporary files this is.
func removeDead(temporary string) {
	removeSocketsOfTheDead(temporary)
	if filepath.Clean(temporary) != shortest {
		removeSocketsOfTheDead(shortest)
	}
}

// removeSocketsOfTheDead removes the directories below one whose locks nobody holds.
// Those of other users cannot be removed, and stay.
func removeSocketsOfTheDead(below string) {
	locks, err := filepath.Glob(filepath.Join(below, socketsPrefix+"*"+socketsLockSuffix))
	if err != nil {
		return
	}
	for _, path := range locks {
		lock := flock.New(path, flock.SetFlag(os.O_RDWR))
		held, err := lock.TryLock()
		if err == nil && held {
			dir := strings.TrimSuffix(path, socketsLockSuffix)
			killMarked(dir, real(dir)) // what came of its plugins
			os.RemoveAll(dir)
			os.Remove(path)
		}
		lock.Close()
	}
}
