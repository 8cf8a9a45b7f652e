package imagefolder

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// taken reports whether an image is of the split and was chosen.
func (r *folder) taken(e *entry) bool {
	if r.Split != "" && e.row.Split != r.Split {
		return false
	}
	return r.chosen == nil || r.chosen[nameOf(e.row.ID)]
}

// choose draws Limit images by the seed. An image's luck depends on the seed
// and its ID alone, so a larger draw holds every smaller one, and an image that
// is added changes the draw by one at most.
func (r *folder) choose() error {
	type lot struct {
		priority uint64
		image    name
	}
	before := func(a, b lot) int {
		if a.priority != b.priority {
			if a.priority < b.priority {
				return -1
			}
			return 1
		}
		return slices.Compare(a.image[:], b.image[:])
	}
	var lots []lot
	r.start()
	err := r.each(true, func(e *entry) error {
		if r.taken(e) {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("plumb subset 1\x00"), r.Seed))
			sum = sha256.Sum256(append(sum[:], e.row.ID...))
			lots = append(lots, lot{binary.BigEndian.Uint64(sum[:]), nameOf(e.row.ID)})
		}
		// What is out of the draw is let go now and then.
		if len(lots) >= 2*r.Limit+1024 {
			slices.SortFunc(lots, before)
			lots = lots[:r.Limit]
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	if r.problems != nil {
		return r.problems
	}
	slices.SortFunc(lots, before)
	r.chosen = map[name]bool{}
	for _, l := range lots[:min(r.Limit, len(lots))] {
		r.chosen[l.image] = true
	}
	return nil
}
