package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a waiting Lock looks again. A stage takes seconds at
// least, so this costs neither time nor load.
const lockPoll = 50 * time.Millisecond

// Lock waits until this process alone works at the stage with this key, over
// all processes that share the store. It returns ctx's error if ctx ends first.
// The lock ends with unlock, which may be called more than once, or with the
// process.
func (s *Store) Lock(ctx context.Context, key string) (unlock func(), err error) {
	if err := errors.Join(s.mayWrite(), checkKey(key)); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	path := s.path(keyLocksDir, key+".lock")
	for {
		lock := newLock(path)
		held, err := lock.TryLockContext(ctx, lockPoll)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("lock %s: %w", key, s.CheckSpace(lockError(err), 0))
		}
		if !held {
			continue
		}
		if !stillThere(lock) {
			lock.Close()
			continue
		}
		var once sync.Once
		return func() {
			once.Do(func() {
				// Removed while held, so that lock files do not pile up. Who
				// waits for the removed file notices in stillThere.
				os.Remove(path)
				lock.Close()
			})
		}, nil
	}
}

// stillThere reports whether the locked file is the one that its path leads to,
// and not one that its last holder has removed.
func stillThere(lock *flock.Flock) bool {
	held, err := lock.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(lock.Path())
	return err == nil && os.SameFile(held, now)
}

func newLock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o666))
}

func lockError(err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("the file system has no locks, which a store needs: put it on another, or mount this one with them: %w", err)
	}
	return err
}
