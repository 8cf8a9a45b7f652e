package train

import (
	"math/rand/v2"
)

// Shuffled is the position in a set of size n of the i-th example that is
// asked for, when the set is gone through again and again, each time in
// another order. It depends on its arguments alone.
type Shuffled struct {
	n     int
	seed  uint64
	epoch int
	order []int
}

// NewShuffled shuffles a set of n examples by the seed.
func NewShuffled(n int, seed uint64) *Shuffled {
	return &Shuffled{n: n, seed: seed, epoch: -1}
}

// At is the position of the i-th example.
func (s *Shuffled) At(i int) int {
	if epoch := i / s.n; epoch != s.epoch {
		s.epoch = epoch
		s.order = rand.New(rand.NewPCG(s.seed, uint64(epoch))).Perm(s.n)
	}
	return s.order[i%s.n]
}
