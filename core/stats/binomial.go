package stats

import "gonum.org/v1/gonum/mathext"

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

func binomialLow(x, n, tail float64) float64 {
	if x <= 0 {
		return 0
	}
	low, high := 0.0, min(1, x/n) // at p = x/n more than a tail lies above x
	for range 60 {
		p := low + (high-low)/2
		chance := boundaryWeight * mathext.RegIncBeta(x, n-x+1, p)
		if n > x {
			chance += (1 - boundaryWeight) * mathext.RegIncBeta(x+1, n-x, p)
		}
		if chance < tail {
			low = p
		} else {
			high = p
		}
		if high-low <= 1e-13*high {
			break
		}
	}
	return low
}
