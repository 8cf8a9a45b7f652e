package imagefolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// digestAll notes entries and, of files, the digest of their content.
func (r *folder) digestAll(batch []*entry) error {
	failures := make([]error, len(batch))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range batch {
		if e.file != "" {
			group.Go(func() error {
				failures[i] = r.digestFile(e)
				return nil
			})
		}
	}
	group.Wait()
	for i, e := range batch {
		if failures[i] != nil {
			if err := r.problem(e.where, r.called(e)+" cannot be read", failures[i].Error()+"."); err != nil {
				return err
			}
			continue
		}
		r.note(e)
	}
	return r.ctx.Err()
}

func (r *folder) digestFile(e *entry) (err error) {
	path := r.whole(e.file)
	if known, ok := r.memory.Recall(path, e.info); ok {
		e.digest = known
		return nil
	}
	file, err := r.root.Open(e.file)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := imaging.Inspect(file); err != nil {
		return errors.New(strings.TrimSuffix(undecodable(err), "."))
	}
	e.digest, err = r.memory.Open(r.ctx, file, path)
	return err
}

// note adds an image to the digest of all: what is said of it, and the digest
// of its file. An image of a table is in the table's digest.
func (r *folder) note(e *entry) {
	if e.file == "" {
		return
	}
	text, err := json.Marshal(e.row)
	if err != nil {
		panic(err) // of texts alone
	}
	fmt.Fprintf(r.hash, "%s  %s\n", e.digest, text)
}

// hashTables puts the tables into the digest of all.
func (r *folder) hashTables() error {
	for _, file := range r.tables {
		name := file
		if r.root == nil {
			name = filepath.Base(file) // IDs of images begin with it
		}
		opened, err := r.openTableFile(file)
		if err != nil {
			return r.unreadable(file, err)
		}
		digest, err := r.memory.Open(r.ctx, opened, r.whole(file))
		if err = errors.Join(err, opened.Close()); err != nil {
			return r.unreadable(file, err)
		}
		fmt.Fprintf(r.hash, "%s  %s\n", digest, name)
	}
	return nil
}
