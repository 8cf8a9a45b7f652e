package labels

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Pairs is the name of the file that people write choices between two images into.
const Pairs = "pairs.csv"

// BlindPair is two images that stand side by side in two tables.
type BlindPair struct {
	Image       table.Image // of the first table, without its pixels
	This, Other string      // BlindIDs
}

// Item names the pair by its content.
func (p BlindPair) Item() string { return people.ItemID(p.This, p.Other) }

// Same reports whether the two images are one and the same.
func (p BlindPair) Same() bool { return p.This == p.Other }

// ReadBlindPairs lists the images of two tables, which name the same images in the same
// order, and their BlindIDs, for which it reads their pixels. It hands each pair with its
// pixels to see; nil: nobody sees them.
func ReadBlindPairs(path, other string, see func(pair BlindPair, this, other table.Image) error) ([]BlindPair, error) {
	var pairs []BlindPair
	for both, err := range SideBySide(path, other) {
		if err != nil {
			return nil, err
		}
		pair := BlindPair{Image: both[0]}
		pair.Image.Image = table.File{}
		for side, id := range []*string{&pair.This, &pair.Other} {
			if *id, err = BlindID(both[side]); err != nil {
				return nil, fmt.Errorf("read images: %w", err)
			}
		}
		if see != nil {
			if err := see(pair, both[0], both[1]); err != nil {
				return nil, err
			}
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// SideBySide reads two tables of images that name the same images in the same order, as
// two models draw them for the same prompts and seeds: one of each at a time. Tables of
// others are an error.
func SideBySide(path, other string) iter.Seq2[[2]table.Image, error] {
	return func(yield func([2]table.Image, error) bool) {
		next, stop := iter.Pull2(table.Read[table.Image](other))
		defer stop()
		for image, err := range table.Read[table.Image](path) {
			if err != nil {
				yield([2]table.Image{}, fmt.Errorf("read images: %w", err))
				return
			}
			beside, err, more := next()
			switch {
			case err != nil:
				err = fmt.Errorf("read images: %w", err)
			case !more:
				err = fmt.Errorf("read images: %q stands beside none", image.ID)
			case beside.ID != image.ID || beside.Prompt != image.Prompt:
				err = fmt.Errorf("read images: %q of %q stands beside %q of %q", image.ID, image.Prompt, beside.ID, beside.Prompt)
			}
			if err != nil {
				yield([2]table.Image{}, err)
				return
			}
			if !yield([2]table.Image{image, beside}, nil) {
				return
			}
		}
		if beside, err, more := next(); more {
			yield([2]table.Image{}, errors.Join(fmt.Errorf("read images: %q stands beside none", beside.ID), err))
		}
	}
}

// WriteBlindPairs writes pairs of images of several tables into a directory for people
// to choose between, blindly: an image's name is its BlindID, and the pairs of a prompt
// stand together, in an order and with sides that are as good as random. The file Pairs
// has two rows of each pair, of alignment and of fidelity. A pair that stands there
// already, one whose people.ItemID is in known, and one of an image with itself is left
// out. ImportBlindChoices reads the file.
//
// Nothing is overwritten. It returns the number of pairs in the file.
func WriteBlindPairs(tables [][2]string, known map[string]bool, directory string) (n int, err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return 0, err
	}
	sheet, err := create(filepath.Join(directory, Pairs))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sheet.Close()) }()
	type row struct{ prompt, item, first, second string }
	var pairs []row
	written, seen := map[string]bool{}, map[string]bool{}
	for _, paths := range tables {
		_, err := ReadBlindPairs(paths[0], paths[1], func(pair BlindPair, this, other table.Image) error {
			item := pair.Item()
			if pair.Same() || seen[item] || known[item] {
				return nil
			}
			seen[item] = true
			for _, image := range []struct {
				id string
				of table.Image
			}{{pair.This, this}, {pair.Other, other}} {
				if !written[image.id] {
					written[image.id] = true
					if err := writePicture(filepath.Join(directory, image.id+".png"), image.of); err != nil {
						return err
					}
				}
			}
			// The item is a digest of both: its last bit tells nothing of the models.
			first, second := min(pair.This, pair.Other), max(pair.This, pair.Other)
			if item[len(item)-1]&1 == 1 {
				first, second = second, first
			}
			pairs = append(pairs, row{pair.Image.Prompt, item, first, second})
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	slices.SortFunc(pairs, func(a, b row) int { return cmp.Or(cmp.Compare(a.prompt, b.prompt), cmp.Compare(a.item, b.item)) })
	rows := csv.NewWriter(sheet)
	rows.Write([]string{"first", "second", "aspect", "choice", "prompt"}) // an error comes again with Flush
	for _, aspect := range theAspects {
		for _, pair := range pairs {
			rows.Write([]string{pair.first, pair.second, aspect, "", pair.prompt})
		}
	}
	rows.Flush()
	return len(pairs), rows.Error()
}
