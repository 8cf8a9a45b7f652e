package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// boundaryWeight is how much of the chance of exactly the observed count belongs
// to a tail.
const boundaryWeight = 0.7

// Binomial is the interval of a share of independent trials, by inverting tests in
// which the observed count belongs to a tail by 0.7 of its chance. successes and
// trials need not be whole: they may be effective ones.
//
// With a weight of 1 these are the bounds of Clopper and Pearson (1934), The Use of
// Confidence or Fiducial Limits, which cover more than they say; with 1/2 those of
// the mid-P test (Lancaster (1961), Significance Tests in Discrete Distributions;
// Berry and Armitage (1995), Mid-P Confidence Intervals: a Brief Review), which fall
// to 91 % at some shares. With 0.7 coverage is above 93 % at every share from 0.02
// to 0.98 for any number of trials from 6 (TestBinomialCovers). With I the
// regularised incomplete beta function and x of n, the lower bound is the p at which
//
//	0.7 I[p](x, n-x+1) + 0.3 I[p](x+1, n-x) = (1-level)/2
//
// and the upper bound is its mirror image; at x = 0 the lower bound is 0.
func Binomial(successes, trials, level float64) (Interval, error) {
	if !(trials > 0) {
		return Interval{}, ErrTooFew
	}
	tail := (1 - level) / 2
	share := successes / trials
	return Interval{
		Value: share,
		Low:   min(share, binomialLow(successes, trials, tail)),
		High:  max(share, 1-binomialLow(trials-successes, trials, tail)),
	}, nil
}

// binomialLow finds the bound on a logarithmic scale, where the chance is nearly a
// straight line, by the false position that halves an end which stays twice (Dowell and Jarratt
// (1971), A Modified Regula Falsi Method).
func binomialLow(x, n, tail float64) float64 {
	if x <= 0 {
		return 0
	}
	rest := n - x
	if rest < 0 { // by rounding
		rest = 0
	}
	whole, _ := math.Lgamma(n + 1)
	one, _ := math.Lgamma(x + 1)
	other, _ := math.Lgamma(rest + 1)
	// excess is positive where the tail above x has more than its part.
	excess := func(u float64) float64 {
		p := math.Exp(u)
		exactly := whole - one - other + x*u // of the chance of x
		if rest > 0 {
			exactly += rest * math.Log1p(-p)
		}
		chance := mathext.RegIncBeta(x, rest+1, p) - (1-boundaryWeight)*math.Exp(exactly)
		return math.Log(max(chance, 1e-320) / tail)
	}
	high := math.Log(x / (x + rest)) // at p = x/n more than a tail lies above x
	over := excess(high)
	if over <= 0 {
		return math.Exp(high)
	}
	low, under := high, over
	for step := 2 / math.Sqrt(x); under > 0; step *= 2 {
		if low < -700 {
			return 0
		}
		high, over = low, under
		low -= step
		under = excess(low)
	}
	side := 0 // which end moved last
	for range 100 {
		u := high - over*(high-low)/(over-under)
		if !(low < u && u < high) {
			u = low + (high-low)/2
		}
		at := excess(u)
		if math.Abs(at) <= 1e-12 || high-low <= 1e-14*math.Max(1, -low) {
			return math.Exp(u)
		}
		if at < 0 {
			low, under = u, at
			if side < 0 {
				over /= 2
			}
			side = -1
		} else {
			high, over = u, at
			if side > 0 {
				under /= 2
			}
			side = 1
		}
	}
	return math.Exp(low)
}
