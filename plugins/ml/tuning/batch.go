package tuning

import (
	"math/rand/v2"
)

// Batch says which examples each step learns from. A step holds Images images
// of every loss. That does not depend on how the step is cut: in parts that the
// network works through one after the other, and these in chunks that it works
// through side by side.
type Batch struct {
	Terms  []*Term
	Images int // of each term in a step
	Micro  int // images of a part; 0: all of the step's
	Chunks int // of a part, which they must divide; 0: one
	Seed   uint64
}

// Slot is the place of an example in a step.
type Slot struct {
	Example int
	Factor  float64    // of its denoising loss in the objective
	Random  *rand.Rand // for what is random about it: seeded by the job, the step and the place
}

// Total is the number of images in a step.
func (b *Batch) Total() int { return b.Images * len(b.Terms) }

// part is the number of images in a part.
func (b *Batch) part() int {
	if b.Micro <= 0 {
		return b.Total()
	}
	return min(b.Micro, b.Total())
}

// Parts is the number of parts of a step.
func (b *Batch) Parts() int { return (b.Total() + b.part() - 1) / b.part() }

// chunks is the number of chunks in a part.
func (b *Batch) chunks() int { return max(b.Chunks, 1) }

// Slots are the examples of a chunk. A last part that is not full is filled up
// with examples of factor 0.
func (b *Batch) Slots(step, part, chunk int) []Slot {
	size := b.part() / b.chunks()
	slots := make([]Slot, size)
	for i := range slots {
		// Terms alternate, so that every chunk has its share of each.
		place := part*b.part() + chunk*size + i
		t := b.Terms[place%len(b.Terms)]
		number := step*b.Images + place/len(b.Terms)
		example := t.order.At(number)
		factor := t.Weight / float64(b.Images)
		if t.Factors != nil {
			factor = t.Weight * t.Factors[example] / float64(b.Images)
		}
		if place >= b.Total() {
			factor = 0
		}
		slots[i] = Slot{
			Example: t.Examples[example],
			Factor:  factor,
			Random:  rand.New(rand.NewPCG(b.Seed, uint64(step)<<20|uint64(place))),
		}
	}
	return slots
}

// values averages the denoising losses of each term over its images. each are
// those of a step's chunks, one after the other.
func (b *Batch) values(each [][]float32) map[string]float64 {
	sums := make([]float64, len(b.Terms))
	place := 0
	for _, chunk := range each {
		for _, l := range chunk {
			if place < b.Total() {
				sums[place%len(b.Terms)] += float64(l)
			}
			place++
		}
	}
	values := map[string]float64{}
	for i, t := range b.Terms {
		values["loss/"+t.Name] = sums[i] / float64(b.Images)
	}
	return values
}
