package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Difference is the interval of mean(first) - mean(second) of items between 0 and
// 1, where first[i] and second[i] are the same cluster, in the same stratum, under
// two treatments. Wins less losses are such a difference, with 1 in first where the
// cluster was won and 1 in second where it was lost.
//
// Few clusters may differ, and then their variance is not to be seen in them. So
// this is the score interval of a difference of paired shares (Tango (1998),
// Equivalence Test and Confidence Interval for the Difference in Proportions for the
// Paired-Sample Design), which takes the variance at the bound that is tested: of n
// pairs b speak for first and c for second, and the bounds are the d at which
//
//	|b - c - n d| / sqrt( n (2 q + d (1-d)) ) = z
//	q = ( sqrt(B² - 4 A C) - B ) / 2A
//	A = 2n    B = -b - c + (2n - b + c) d    C = -c d (1-d)
//
// Here a cluster's difference is a part of a pair that speaks for one side, and n is
// the effective number of pairs that gives the variance v of the clusters (Variance),
// as in Share; with the difference D and the mean s of the clusters' |differences|
//
//	n* = (s - D²) / v * ( z / t[n-H] )²    and at least the number of clusters
//	b, c = n* (s ± D) / 2
//
// At D near 1 or -1 Tango's bound is Wilson's, which covers too little; where no
// cluster speaks for one side the bound is at least Binomial's of the other. Where no
// cluster differs there is no interval: ErrNoChange.
func Difference(first, second []Cluster, level float64) (Interval, error) {
	difference, influences, size := paired(first, second)
	v, degrees, err := Variance(influences, strataOf(first))
	if err != nil {
		return Interval{}, err
	}
	if size == 0 {
		return Interval{}, ErrNoChange
	}
	return pairedShares(difference, size, v, degrees, float64(len(first)), level), nil
}

// pairedShares is the interval of a difference of paired shares of a mean size, with a
// variance that has some degrees of freedom, of at least so many pairs.
func pairedShares(difference, size, v, degrees, pairs, level float64) Interval {
	size = max(size, math.Abs(difference))
	n := max(pairs, effective(size-difference*difference, v, degrees, level))
	b, c := n*(size+difference)/2, n*(size-difference)/2
	z := distuv.UnitNormal.Quantile(0.5 + level/2)
	interval := Interval{Value: difference, Low: -tangoHigh(c, b, n, z), High: tangoHigh(b, c, n, z)}
	const nothing = 1e-9
	if c <= nothing {
		interval.High = max(interval.High, 1-binomialLow(n-b, n, (1-level)/2))
	}
	if b <= nothing {
		interval.Low = min(interval.Low, binomialLow(n-c, n, (1-level)/2)-1)
	}
	return interval
}

// tangoHigh is the upper bound of (b - c)/n.
func tangoHigh(b, c, n, z float64) float64 {
	low, high := (b-c)/n, 1.0
	for range 60 {
		d := low + (high-low)/2
		first := -b - c + (2*n-b+c)*d
		q := (math.Sqrt(max(0, first*first+8*n*c*d*(1-d))) - first) / (4 * n)
		if n*d-b+c > z*math.Sqrt(max(0, n*(2*q+d*(1-d)))) {
			high = d
		} else {
			low = d
		}
	}
	return high
}
