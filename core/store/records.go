package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// Exists says that a stage has a record with other outputs already. Records
// are never replaced; DropRecord makes room for another.
type Exists struct {
	Key, Node string
}

func (e *Exists) Error() string {
	return fmt.Sprintf("record %s of %s is there already, with other outputs", e.Key, e.Node)
}

func (s *Store) recordPath(key string) string {
	return s.path(recordsDir, key[:2], key+".json")
}

// PutRecord adds a record to the action cache. Its outputs must have been put
// before. If the key has a record with the same outputs, that one stays and
// PutRecord returns nil; if with others, it stays too and the error is *Exists.
func (s *Store) PutRecord(r *record.Record) error {
	if err := s.putRecord(r); err != nil {
		return fmt.Errorf("put record of %s: %w", r.Node, s.CheckSpace(err, 0))
	}
	return nil
}

func (s *Store) putRecord(r *record.Record) error {
	if err := errors.Join(s.mayWrite(), checkKey(r.Key)); err != nil {
		return err
	}
	if err := s.outputsPresent(r); err != nil {
		return err
	}
	b, err := record.Encode(r)
	if err != nil {
		return err
	}

	path, err := s.temporary(s.session.dir, b)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	if _, _, err := settle(path); err != nil {
		return err
	}
	for {
		old, err := s.Record(r.Key) // moves a damaged one out of the way
		var corrupt *Corrupt
		if err != nil && !errors.As(err, &corrupt) {
			return err
		}
		if old != nil && !maps.EqualFunc(old.Outputs, r.Outputs, sameOutput) {
			return &Exists{Key: r.Key, Node: r.Node}
		}
		if old != nil {
			break
		}
		if err := s.placeOnce(path, s.recordPath(r.Key)); err == nil {
			break
		} else if !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return s.point(r)
}

// point makes a record the newest of its node.
func (s *Store) point(r *record.Record) error {
	path, err := s.temporary(s.session.dir, []byte(r.Key+"\n"))
	if err != nil {
		return err
	}
	defer os.Remove(path)
	return os.Rename(path, s.nodePath(r.Node))
}

func (s *Store) outputsPresent(r *record.Record) error {
	for _, role := range slices.Sorted(maps.Keys(r.Outputs)) {
		o := r.Outputs[role]
		if err := s.outputPresent(o); err != nil {
			return fmt.Errorf("output %q: %w", role, err)
		}
	}
	return nil
}

func (s *Store) outputPresent(o record.Output) error {
	if !o.Dir {
		return s.present(o.Digest, o.Bytes)
	}
	l, err := s.listing(o)
	if err != nil {
		return err
	}
	for _, e := range l.Files {
		if err := s.present(e.SHA256, e.Bytes); err != nil {
			return fmt.Errorf("file %s: %w", e.Path, err)
		}
	}
	return nil
}

// Record returns the record of the stage with this key, or nil if there is
// none. All of its outputs are there, in the recorded sizes. A record that is
// damaged itself or lacks an output is moved away and reported as an error that
// wraps *Corrupt: warn, and go on as if there were none.
func (s *Store) Record(key string) (*record.Record, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	r, info, err := s.readRecord(key)
	if r == nil || err != nil {
		return nil, err
	}
	err = s.outputsPresent(r)
	var corrupt *Corrupt
	if errors.As(err, &corrupt) {
		return nil, s.quarantine("record "+key+" of "+r.Node, s.recordPath(key), info, fmt.Sprintf("lacks what it lists (%v)", err))
	}
	if err != nil {
		return nil, fmt.Errorf("read record of %s: %w", r.Node, err)
	}
	return r, nil
}

// readRecord returns an intact record without a look at its outputs, or nil.
func (s *Store) readRecord(key string) (*record.Record, os.FileInfo, error) {
	path := s.recordPath(key)
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, fmt.Errorf("look for record: %w", err)
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, fmt.Errorf("read record: %w", err)
	}
	r, err := record.Decode(b)
	switch {
	case errors.Is(err, record.ErrCorrupt):
		return nil, nil, s.quarantine("record "+key, path, info, "is damaged ("+err.Error()+")")
	case err != nil:
		return nil, nil, fmt.Errorf("read record %s: %w", key, err)
	case r.Key != key:
		return nil, nil, s.quarantine("record "+key, path, info, "belongs to the key "+r.Key)
	}
	return r, info, nil
}

// DropRecord forgets the record of the stage with this key, so that the stage
// runs again. Its outputs stay until nothing refers to them and Collect runs.
func (s *Store) DropRecord(key string) error {
	if err := errors.Join(s.mayWrite(), checkKey(key)); err != nil {
		return err
	}
	if err := os.Remove(s.recordPath(key)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("drop record: %w", err)
	}
	return nil
}

// LastRecord returns the record that was put last for a node of this name,
// whatever its key, or nil if there is none. Its outputs may be gone.
func (s *Store) LastRecord(node string) (*record.Record, error) {
	b, err := os.ReadFile(s.nodePath(node))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("look for the last record of %s: %w", node, err)
	}
	key := strings.TrimSpace(string(b))
	if checkKey(key) != nil { // a damaged hint is ignored
		return nil, nil
	}
	r, _, err := s.readRecord(key)
	if err != nil || r == nil || r.Node != node {
		return nil, err
	}
	return r, nil
}

// nodePath is named by a digest, as nodes of any name must fit any file system.
func (s *Store) nodePath(node string) string {
	sum := sha256.Sum256([]byte(node))
	return s.path(nodesDir, hex.EncodeToString(sum[:16]))
}

// sameOutput reports whether two outputs have one content, whatever else a record says
// of it.
func sameOutput(a, b record.Output) bool { return a.Digest == b.Digest && a.Dir == b.Dir }
