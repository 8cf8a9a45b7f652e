package imagefolder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// run visits the images that are taken, in order, and gives the inventory. scan
// tells that the images of tables need not be read. finish is called after the
// last one.
func (r *folder) run(scan bool, visit func(*entry) error, finish func() error) (Inventory, error) {
	if r.Limit > 0 && r.chosen == nil {
		if err := r.choose(); err != nil {
			return Inventory{}, err
		}
	}
	r.start()
	r.inspects = scan
	err := r.each(scan, func(e *entry) error {
		if !r.taken(e) {
			return nil
		}
		if scan && e.image != nil {
			if err := imaging.Inspect(bytes.NewReader(e.image)); err != nil {
				return r.problem(e.where, r.called(e)+" cannot be read", undecodable(err))
			}
			e.image = nil
		}
		r.inventory.Images++
		if e.row.Split == "unseen" {
			r.inventory.Unseen++
		}
		return visit(e)
	})
	if err == nil {
		err = finish()
	}
	if err != nil && !errors.Is(err, errStop) {
		return Inventory{}, err
	}
	if r.problems != nil {
		return Inventory{}, r.problems
	}
	// Digests are remembered of what was looked at without a mistake.
	if err := r.hashTables(); err != nil {
		return Inventory{}, err
	}
	if r.inventory.Images == 0 {
		return Inventory{}, r.wrong("No images in "+r.Path, r.nothing())
	}
	if len(r.metadata) > 0 && r.Files == "" {
		r.inventory.LeftOut = max(0, r.images-len(r.named))
	}
	if r.Files == "" {
		r.inventory.Splits = strings.Join(splitsOf(append(slices.Clone(r.metadata), r.tables...)), ", ")
	}
	r.inventory.Digest = hex.EncodeToString(r.hash.Sum(nil))
	return r.inventory, nil
}

func (r *folder) nothing() string {
	if r.Split != "" && len(r.ids) > 0 {
		return fmt.Sprintf("None of its %d images has the split %q. Leave split out, or write the column split into its metadata.", len(r.ids), r.Split)
	}
	return "Its metadata has no lines."
}

func (r *folder) start() {
	r.problems, r.inventory = nil, Inventory{}
	r.ids, r.named, r.ofPrompt = map[name]spot{}, map[name]spot{}, map[name]int32{}
	r.hinted = map[string]bool{}
	r.hash = sha256.New()
	r.hash.Write([]byte("plumb images 1\n"))
}

// each visits every image without a mistake. Mistakes are gathered; errStop
// says that there are enough of them.
func (r *folder) each(scan bool, visit func(*entry) error) error {
	for i, file := range r.metadata {
		if err := r.readMetadata(int32(i), file, visit); err != nil {
			return err
		}
	}
	for i, file := range r.tables {
		if err := r.readTable(int32(i), file, scan, visit); err != nil {
			return err
		}
	}
	return nil
}
