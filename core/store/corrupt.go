package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Corrupt says that a blob, listing or record is not what was put there. It is
// no reason to stop: what is damaged is out of the way already, and the stage
// that made it can run again.
type Corrupt struct {
	Name   string // what is damaged, such as "blob 3f2a…"
	Path   string // where it is, or was
	Reason string // what is wrong with it, such as "is missing"
	Moved  string // where it has been moved to; empty if it is missing
}

func (c *Corrupt) Error() string {
	text := fmt.Sprintf("%s %s", c.Name, c.Reason)
	if c.Moved != "" {
		text += ", moved to " + c.Moved
	}
	return text
}

// quarantine moves a damaged file away and returns the error that says so.
// Which file was found damaged is told by info: if another process has put an
// intact one in its place since, that one stays.
func (s *Store) quarantine(name, path string, info os.FileInfo, reason string) error {
	s.verified.remove(path)
	corrupt := &Corrupt{Name: name, Path: path, Reason: reason}
	if info == nil || s.readOnly {
		return corrupt
	}
	moved, err := os.MkdirTemp(s.path(quarantineDir), "")
	if err != nil {
		return fmt.Errorf("%w, and could not be moved away: %w", corrupt, s.CheckSpace(err, 0))
	}
	target := filepath.Join(moved, filepath.Base(path))
	if err := os.Rename(path, target); err != nil {
		os.Remove(moved)
		if os.IsNotExist(err) { // another process was faster
			return corrupt
		}
		return fmt.Errorf("%w, and could not be moved away: %w", corrupt, err)
	}
	if now, err := os.Lstat(target); err == nil && !os.SameFile(info, now) {
		if err := os.Rename(target, path); err != nil {
			return fmt.Errorf("put back %s: %w", path, err)
		}
		os.Remove(moved)
		return corrupt
	}
	corrupt.Moved = target
	if err := s.trimQuarantine(); err != nil {
		return fmt.Errorf("%w; %w", corrupt, err)
	}
	return corrupt
}

// What is in quarantine is kept for whoever looks for the cause, for a while: up to
// an age, and up to a size of all together, in which the newest is always.
const (
	quarantineAge   = 30 * 24 * time.Hour
	quarantineBytes = 1 << 30
)

// trimQuarantine removes from quarantine what is beyond its limits.
func (s *Store) trimQuarantine() error {
	entries, err := os.ReadDir(s.path(quarantineDir))
	if err != nil {
		return fmt.Errorf("trim the quarantine: %w", err)
	}
	type damaged struct {
		path string
		when time.Time
		size int64
	}
	var all []damaged
	for _, e := range entries {
		path := s.path(quarantineDir, e.Name())
		info, err := os.Lstat(path)
		if err != nil {
			continue // removed by another process
		}
		size, err := treeSize(path)
		if err != nil {
			continue
		}
		all = append(all, damaged{path, info.ModTime(), size})
	}
	slices.SortFunc(all, func(a, b damaged) int { return b.when.Compare(a.when) })
	var total int64
	for i, one := range all {
		total += one.size
		if i > 0 && total > quarantineBytes || time.Since(one.when) > quarantineAge {
			if err := removeTree(one.path); err != nil {
				return fmt.Errorf("trim the quarantine: %w", err)
			}
		}
	}
	return nil
}
