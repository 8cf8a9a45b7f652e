package faulttest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/faulttest/syscalls"
)

// Disk is what a disk may hold after a power cut, as POSIX has it: of a file what was
// in it when it was last synced, or anything since; of a directory the names that were
// in it when it was last synced, or since. It is fed with calls, in their order.
type Disk struct {
	root  *node
	calls int
}

// node is a file, a directory or a link.
type node struct {
	dir     bool
	link    string
	now     []byte // what programs see, as far as it is known
	lasting []byte // what was synced
	written int    // the number of the call that wrote to it last, for its time

	names  map[string]*node // what programs see
	synced map[string]*node
}

func newDirectory() *node {
	return &node{dir: true, names: map[string]*node{}, synced: map[string]*node{}}
}

// beginning is the time of a disk's first call; calls are a second apart.
var beginning = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// NewDisk is a disk with an empty directory.
func NewDisk() *Disk { return &Disk{root: newDirectory()} }

// mkdir makes directories that are there for good.
func (d *Disk) mkdir(names ...string) {
	for _, name := range names {
		made := newDirectory()
		d.root.names[name], d.root.synced[name] = made, made
	}
}

// find returns a path's directory and its own node; nil where there is none.
func (d *Disk) find(path string) (in *node, name string, at *node) {
	at = d.root
	if path == "." {
		return nil, "", at
	}
	for part := range strings.SplitSeq(path, "/") {
		in, name = at, part
		if in == nil || !in.dir {
			return nil, "", nil
		}
		at = in.names[part]
	}
	return in, name, at
}

// Apply does a call.
func (d *Disk) Apply(op syscalls.Op) error {
	if op.Path == "" && op.Other == "" {
		return nil
	}
	d.calls++
	in, name, at := d.find(op.Path)
	missing := func() error { return fmt.Errorf("%s %s %s: there is no such thing", op.Kind, op.Path, op.Other) }
	switch op.Kind {
	case syscalls.Create, syscalls.Mkdir, syscalls.Symlink:
		if in == nil {
			if op.Path == "." {
				return nil
			}
			return missing()
		}
		if at != nil && op.Kind == syscalls.Create {
			return nil // two threads were at it
		}
		made := &node{link: op.Other, written: d.calls}
		if op.Kind == syscalls.Mkdir {
			made = newDirectory()
		}
		in.names[name] = made
	case syscalls.Link, syscalls.Rename:
		if op.Path == "" || op.Other == "" { // into or out of what is watched
			return fmt.Errorf("%s %q to %q crosses the border of what is watched", op.Kind, op.Path, op.Other)
		}
		if at == nil {
			return missing()
		}
		to, toName, _ := d.find(op.Other)
		if to == nil {
			return missing()
		}
		to.names[toName] = at
		if op.Kind == syscalls.Rename {
			delete(in.names, name)
		}
	case syscalls.Unlink, syscalls.Rmdir:
		if in == nil {
			return missing()
		}
		delete(in.names, name)
	case syscalls.Truncate:
		if at != nil {
			at.now = nil
		}
	case syscalls.Content, syscalls.Sync:
		if at == nil {
			return nil // it has no name any more
		}
		if !slices.Equal(at.now, op.Content) {
			at.written = d.calls
		}
		at.now = op.Content
		if op.Kind == syscalls.Sync {
			at.lasting = op.Content
		}
	case syscalls.SyncDir:
		if at == nil || !at.dir {
			return missing()
		}
		at.synced = maps.Clone(at.names)
	}
	return nil
}

// Loss says what a power cut takes of what was not synced.
type Loss int

// The ways in which a disk loses what was not synced.
const (
	All     Loss = iota // names and contents
	Content             // contents alone: names are written at once, as by a journal of metadata
	Some                // of each name and content what chance takes; of contents also a part
)

// Losses are all of them.
var Losses = []Loss{All, Content, Some}

func (l Loss) String() string {
	return [...]string{"all that was not synced", "contents that were not synced", "some of what was not synced"}[l]
}

// WriteTo makes a directory of what the disk holds after a power cut.
func (d *Disk) WriteTo(dir string, loss Loss, chance *rand.Rand) error {
	return d.root.writeTo(dir, loss, chance)
}

func (n *node) writeTo(path string, loss Loss, chance *rand.Rand) error {
	switch {
	case n.link != "":
		return os.Symlink(n.link, path)
	case !n.dir:
		content := n.lasting
		if loss == Some {
			switch chance.IntN(3) {
			case 0:
				content = n.now
			case 1:
				content = n.now[:chance.IntN(len(n.now)+1)]
			}
			if slices.Equal(n.now, n.lasting) {
				content = n.lasting
			}
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
		when := beginning.Add(time.Duration(n.written) * time.Second)
		return os.Chtimes(path, when, when)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	names := n.names
	if loss == All {
		names = n.synced
	}
	if loss == Some {
		names = map[string]*node{}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(n.names)), slices.Collect(maps.Keys(n.synced)))))) {
			// The old one or the new one: of a rename there is nothing between.
			at := n.names[name]
			if chance.IntN(2) == 0 {
				at = n.synced[name]
			}
			if at != nil {
				names[name] = at
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		at := filepath.Join(path, name)
		if err := names[name].writeTo(at, loss, chance); err != nil {
			return err
		}
	}
	return nil
}
