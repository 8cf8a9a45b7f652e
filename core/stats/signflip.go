package stats

import (
	"math"
	"math/rand/v2"
)

// signFlips is the number of random flips if not all can be tried.
const signFlips = 9999

// exactSignFlips is the most values whose 2^n flips are all tried.
const exactSignFlips = 13

// SignFlip is the two-sided p value of a paired permutation test: if two
// treatments do not differ, each prompt's difference is as likely to have the
// other sign.
//
// Fisher (1935), The Design of Experiments, section 21; with random flips the
// observed one is counted among them (Phipson and Smyth, 2010), so p is never 0:
//
//	p = #{ |sum s_i d_i| >= |sum d_i| } / 2^n           up to 13 values
//	p = (1 + #{ ... }) / (1 + 9999)                     otherwise
func SignFlip(differences []float64, seed uint64) (float64, error) {
	n := len(differences)
	if n < 2 {
		return 0, ErrTooFew
	}
	var sum, size float64
	for _, d := range differences {
		sum += d
		size += math.Abs(d)
	}
	// Sums that differ by rounding alone count as equal.
	bound := math.Abs(sum) - 1e-12*size
	if n <= exactSignFlips {
		var extreme int
		for signs := range 1 << n {
			var flipped float64
			for i, d := range differences {
				if signs>>i&1 == 1 {
					d = -d
				}
				flipped += d
			}
			if math.Abs(flipped) >= bound {
				extreme++
			}
		}
		return float64(extreme) / float64(int(1)<<n), nil
	}
	random := rand.New(rand.NewPCG(seed, 0x666c6970)) // "flip"
	extreme := 1
	for range signFlips {
		var flipped float64
		var bits uint64
		for i, d := range differences {
			if i%64 == 0 {
				bits = random.Uint64()
			}
			if bits&1 == 1 {
				d = -d
			}
			bits >>= 1
			flipped += d
		}
		if math.Abs(flipped) >= bound {
			extreme++
		}
	}
	return float64(extreme) / (1 + signFlips), nil
}
