package stats

import "math"

// UStatistic estimates what a kernel of two units is on average, over all pairs of
// different units, such as the kernel of two prompts whose mean is the squared
// maximum mean discrepancy. Pairs of a unit with itself are left out: they are not
// what two independent units give. The units are drawn by stratum, in proportion;
// strata of fewer than four are joined with others (Join).
//
// Hoeffding 1948, A Class of Statistics with Asymptotically Normal Distribution;
// for the kernel of two paired samples Gretton et al. 2012, A Kernel Two-Sample
// Test, lemma 6. With n units, n_h of them in stratum h, and
// w_ij = 1/n² for units of different strata, n_h/(n_h-1)/n² for two of one:
//
//	value   = sum over i ≠ j of w_ij k_ij
//	g_i     = n sum over j ≠ i of w_ij k_ij
//	v       = 4/n² sum over h of n_h/(n_h-1) sum over i in h of ( g_i - mean_h g )²
//	twice   = 2 sum over i ≠ j of w_ij² e_ij²
//	error²  = v - twice, at least twice
//
// e_ij is what is left of k_ij without what i and j do alone: within a pair of
// strata, its residual from row and column means, squared without bias. v, a
// jackknife's, counts that part twice (Efron and Stein 1981, The Jackknife Estimate
// of Variance); where the true value is zero, as between two sets of the same kind,
// there is nothing else. v has n - H degrees of freedom in H strata; what is
// subtracted leaves its noise, so that error² has (n-H) (error²/v)² of them
// (Satterthwaite 1946).
//
// The zero value is not ready: use NewUStatistic, then Add each unit's row.
type UStatistic struct {
	strata []int     // of each unit
	sizes  []float64 // of each stratum
	// sums[i][h] is the sum of unit i's kernel over the others of stratum h, and
	// squared[g][h] that of the squares over all pairs of the two strata.
	sums, squared [][]float64
}

// leastStratum is the smallest stratum of which the residuals' square can be had.
const leastStratum = 4

// NewUStatistic has one unit for each of strata.
func NewUStatistic(strata []int) *UStatistic {
	u := &UStatistic{strata: Join(strata, leastStratum)}
	for _, stratum := range u.strata {
		for stratum >= len(u.sizes) {
			u.sizes = append(u.sizes, 0)
		}
		u.sizes[stratum]++
	}
	matrix := func(rows int) [][]float64 {
		all := make([][]float64, rows)
		for i := range all {
			all[i] = make([]float64, len(u.sizes))
		}
		return all
	}
	u.sums, u.squared = matrix(len(strata)), matrix(len(u.sizes))
	return u
}

// Add gives the kernel of a unit with every unit; that with itself is not read.
// The kernel is symmetric.
func (u *UStatistic) Add(unit int, kernel []float64) {
	sums, squared := u.sums[unit], u.squared[u.strata[unit]]
	for other, value := range kernel {
		if other != unit {
			stratum := u.strata[other]
			sums[stratum] += value
			squared[stratum] += value * value
		}
	}
}

// Value is the mean over all pairs, NaN if there are none.
func (u *UStatistic) Value() float64 { return mean(u.alone()) }

// alone is g.
func (u *UStatistic) alone() []float64 {
	n := float64(len(u.strata))
	all := make([]float64, len(u.strata))
	for i, stratum := range u.strata {
		for other, sum := range u.sums[i] {
			if other == stratum {
				sum *= u.sizes[stratum] / (u.sizes[stratum] - 1)
			}
			all[i] += sum / n
		}
	}
	return all
}

// Estimate is the value with its error. Fewer than four units are ErrTooFew, and a
// kernel that is the same for all pairs is ErrNoSpread.
func (u *UStatistic) Estimate() (Estimate, error) {
	e, _, err := u.estimate()
	return e, err
}

// SquaredDistance is the estimate of a squared distance between two distributions:
// plus, a constant, and the mean. What a unit does alone is in proportion to the
// distance, so its part of error² is to the square: where the value came out too small
// its error is too small as well, and grows with the true value. What two units do
// together does not.
//
//	growth = ( error² - twice ) / max(value, error)
//
// The bound keeps it finite where the value is within its error of zero.
func (u *UStatistic) SquaredDistance(plus float64) (Estimate, error) {
	e, twice, err := u.estimate()
	if err != nil {
		return e, err
	}
	e.Value += plus
	e.Growth = (e.Error*e.Error - twice) / max(e.Value, e.Error)
	return e, nil
}

// estimate is the value with its error, and twice.
func (u *UStatistic) estimate() (_ Estimate, twice float64, _ error) {
	n := float64(len(u.strata))
	if n < leastStratum {
		return Estimate{}, 0, ErrTooFew
	}
	alone := u.alone()
	members := make([][]int, len(u.sizes))
	for i, stratum := range u.strata {
		members[stratum] = append(members[stratum], i)
	}
	var v, size float64
	for h, m := range u.sizes {
		of := make([]float64, len(members[h]))
		for at, i := range members[h] {
			of[at] = alone[i]
		}
		v += 4 / (n * n) * m / (m - 1) * squares(of)
		for k := range u.sizes {
			size += u.squared[h][k]
			twice += 2 / (n * n * n * n) * u.residual(members, h, k)
		}
	}
	squared := max(v-twice, twice)
	e := Estimate{Value: mean(alone), Error: math.Sqrt(squared), Degrees: n - float64(len(u.sizes))}
	if e.Error <= 1e-12*math.Sqrt(size)/n {
		return Estimate{}, 0, ErrNoSpread
	}
	if squared < v {
		e.Degrees *= (squared / v) * (squared / v)
	}
	return e, twice, nil
}

// residual estimates the sum over the ordered pairs of two strata of n⁴ w_ij² e_ij².
func (u *UStatistic) residual(members [][]int, h, k int) float64 {
	rows, columns := u.sizes[h], u.sizes[k]
	var total, ofRows, ofColumns float64 // sum, and squared sums of rows and columns
	for _, i := range members[h] {
		total += u.sums[i][k]
	}
	if h == k {
		middle := total / (rows * (rows - 1))
		for _, i := range members[h] {
			lift := (u.sums[i][h] - (rows-1)*middle) / (rows - 2)
			ofRows += lift * lift
		}
		left := u.squared[h][h] - rows*(rows-1)*middle*middle - 2*(rows-2)*ofRows
		weight := rows / (rows - 1)
		return weight * weight * max(0, left) * (rows - 1) / (rows - 3)
	}
	middle := total / (rows * columns)
	for _, i := range members[h] {
		ofRows += u.sums[i][k] * u.sums[i][k] / columns
	}
	for _, j := range members[k] {
		ofColumns += u.sums[j][h] * u.sums[j][h] / rows
	}
	left := u.squared[h][k] - ofRows - ofColumns + rows*columns*middle*middle
	return max(0, left) * rows * columns / ((rows - 1) * (columns - 1))
}
