package stats

import (
	"math"
	"math/rand/v2"
)

const (
	// signFlips is the number of random flips where not all can be counted.
	signFlips = 99999
	// allSignFlips is the most values whose 2^n flips are all tried one by one.
	allSignFlips = 16
	// latticeSteps is the most work that counting flips on a lattice takes.
	latticeSteps = 50_000_000
	// latticeParts is the most parts into which the smallest value is divided to find one.
	latticeParts = 1000
)

// SignFlip is the two-sided p value of a paired permutation test: if two
// treatments do not differ, each prompt's difference is as likely to have the
// other sign.
//
// Fisher (1935), The Design of Experiments, section 21:
//
//	p = #{ |sum s_i d_i| >= |sum d_i| } / 2^n
//
// Where the differences are whole multiples of some unit, as outcomes -1, 0, 1 and
// shares of few images are, all flips are counted by the sums that they reach (Pagano
// and Tritchler (1983), On Obtaining Permutation Distributions in Polynomial Time; of
// outcomes this is the sign test). Up to 16 other values, all are tried. For more, flips
// are drawn, and exact is false; the observed one is counted among them (Phipson and
// Smyth (2010), Permutation P-values Should Never Be Zero):
//
//	p = (1 + #{ ... }) / (1 + 99999)
//
// The seed is of the draw, and changes nothing else.
func SignFlip(differences []float64, seed uint64) (p float64, exact bool, err error) {
	if len(differences) < 2 {
		return 0, false, ErrTooFew
	}
	var sum, size float64
	for _, d := range differences {
		sum += d
		size += math.Abs(d)
	}
	// Differences of zero have no sign, nor have those that another order of additions
	// leaves in their place.
	var moved []float64
	for _, d := range differences {
		if math.Abs(d) > 1e-9*size/float64(len(differences)) {
			moved = append(moved, d)
		}
	}
	// Sums that differ by rounding alone count as equal.
	bound := math.Abs(sum) - 1e-9*size
	if units, ok := lattice(moved); ok {
		return flipUnits(units), true, nil
	}
	if len(moved) <= allSignFlips {
		return flipAll(moved, bound), true, nil
	}
	return flipRandomly(moved, bound, seed), false, nil
}

// lattice finds the unit that all values are whole multiples of, and returns them in it.
func lattice(values []float64) (units []int, ok bool) {
	smallest, size := math.Inf(1), 0.0
	for _, v := range values {
		smallest = min(smallest, math.Abs(v))
		size += math.Abs(v)
	}
	units = make([]int, len(values))
	for parts := 1; parts <= latticeParts; parts++ {
		unit := smallest / float64(parts)
		if size/unit*float64(len(values)) > latticeSteps {
			return nil, false
		}
		ok = true
		for i, v := range values {
			multiple := v / unit
			whole := math.Round(multiple)
			if ok = math.Abs(multiple-whole) <= 1e-9*math.Abs(multiple); !ok {
				break
			}
			units[i] = int(whole)
		}
		if ok {
			return units, true
		}
	}
	return nil, false
}

// flipUnits counts all flips of whole numbers by their sum. With T the sum of the
// sizes that get a plus, and S that of all, the flipped sum is 2T - S.
func flipUnits(units []int) float64 {
	var sum, size int
	for _, u := range units {
		sum += u
		size += max(u, -u)
	}
	chance := make([]float64, size+1) // of each T
	chance[0] = 1
	reached := 0
	for _, u := range units {
		u = max(u, -u)
		reached += u
		for t := reached; t >= 0; t-- {
			chance[t] /= 2
			if t >= u {
				chance[t] += chance[t-u] / 2
			}
		}
	}
	var p float64
	for t, c := range chance {
		if flipped := 2*t - size; max(flipped, -flipped) >= max(sum, -sum) {
			p += c
		}
	}
	return min(1, p)
}

func flipAll(values []float64, bound float64) float64 {
	extreme := 0
	for signs := range 1 << len(values) {
		var flipped float64
		for i, v := range values {
			if signs>>i&1 == 1 {
				v = -v
			}
			flipped += v
		}
		if math.Abs(flipped) >= bound {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<len(values))
}

func flipRandomly(values []float64, bound float64, seed uint64) float64 {
	random := rand.New(rand.NewPCG(seed, 0x666c6970)) // "flip"
	extreme := 1
	for range signFlips {
		var flipped float64
		var bits uint64
		for i, v := range values {
			if i%64 == 0 {
				bits = random.Uint64()
			}
			if bits&1 == 1 {
				v = -v
			}
			bits >>= 1
			flipped += v
		}
		if math.Abs(flipped) >= bound {
			extreme++
		}
	}
	return float64(extreme) / (1 + signFlips)
}
