package guidance

import (
	"math/rand/v2"
	"testing"
)

// TestDropCaption: a share of 0 drops none and of 1 all; between, the count is
// within five standard deviations (30) of what is expected.
func TestDropCaption(t *testing.T) {
	const examples = 10000
	for share, want := range map[float64][2]int{0: {0, 0}, 0.1: {850, 1150}, 1: {examples, examples}} {
		random, dropped := rand.New(rand.NewPCG(1, 2)), 0
		for range examples {
			if DropCaption(random, share) {
				dropped++
			}
		}
		if dropped < want[0] || dropped > want[1] {
			t.Errorf("with a share of %v %d of %d captions are dropped", share, dropped, examples)
		}
	}
}
