package stats

import (
	"cmp"
	"math"
	"slices"
)

// Scored is an item with a score, its true class and its cluster.
type Scored struct {
	Score    float64
	Positive bool
	Cluster  int // counts from 0
}

// fewestOfAClass is the fewest clusters' worth of either class that make an interval
// of an area.
const fewestOfAClass = 5

// AUC is the area under the ROC curve: the chance that a random positive item
// scores higher than a random negative one, ties counting half.
//
// Hanley and McNeil (1982), The Meaning and Use of the Area under a Receiver
// Operating Characteristic Curve; by ranks, Mann and Whitney (1947):
//
//	AUC = sum over pairs of ( [s+ > s-] + [s+ = s-]/2 ) / ( n+ n- )
func AUC(items []Scored) (float64, error) {
	p, err := placements(items)
	return p.area, err
}

// AUCInterval is the interval of the area. strata[i] is the stratum of cluster i.
//
// Obuchowski (1997), Nonparametric Analysis of Clustered ROC Curve Data: with the
// placements V of DeLong, DeLong and Clarke-Pearson (1988), which are for a positive
// item the share of the negatives below it and for a negative one the share of the
// positives above it, cluster i moves the area by
//
//	r_i = sum over its positives of (V - AUC) / n+  +  sum over its negatives of (V - AUC) / n-
//
// The area is read as a share of n* independent trials, as in Share. The variance is
// seen as well as the rarer class allows: with k clusters' worth of it (Kish's
// effective number, (sum n_i)² / sum n_i², of its items by cluster) the degrees of
// freedom are at most k - 1, and n* is at least k, which is the worst case (Birnbaum
// and Klose (1957), Bounds for the Variance of the Mann-Whitney Statistic). Few pairs make
// the variance of an area near 1, so n* is cautious.
//
// With k below 5 there is no interval: ErrFewOfAClass.
func AUCInterval(items []Scored, strata []int, level float64) (Interval, error) {
	p, err := placements(items)
	if err != nil {
		return Interval{}, err
	}
	v, degrees, err := Variance(p.influences(items, len(strata)), strata)
	if err != nil {
		return Interval{}, err
	}
	least := min(classSize(items, len(strata), true), classSize(items, len(strata), false))
	if least < fewestOfAClass {
		return Interval{}, ErrFewOfAClass
	}
	return shareOf(p.area, v, min(degrees, least-1), least, areaCaution, level)
}

// AUCDifference is the interval of AUC(first) - AUC(second), two scores of the same
// items in the same order. The influence of a cluster is the difference of its
// influences on either area, which is DeLong's covariance, by cluster. Each pair of a
// positive and a negative item speaks for one score, for the other, or for neither, so
// the interval is that of Difference, with s the mean over both classes of the absolute
// difference of an item's placements, and with the degrees of freedom and the least
// number of pairs of AUCInterval. Scores that put the items in the same order give
// ErrNoChange. p is of the two-sided t test that there is no difference.
func AUCDifference(first, second []Scored, strata []int, level float64) (interval Interval, p float64, err error) {
	one, err := placements(first)
	if err != nil {
		return Interval{}, 0, err
	}
	other, err := placements(second)
	if err != nil {
		return Interval{}, 0, err
	}
	influences := one.influences(first, len(strata))
	for i, influence := range other.influences(second, len(strata)) {
		influences[i] -= influence
	}
	v, degrees, err := Variance(influences, strata)
	if err != nil {
		return Interval{}, 0, err
	}
	size := 0.0
	for i, item := range first {
		size += math.Abs(one.values[i]-other.values[i]) / one.class(item) / 2
	}
	least := min(classSize(first, len(strata), true), classSize(first, len(strata), false))
	switch {
	case least < fewestOfAClass:
		return Interval{}, 0, ErrFewOfAClass
	case size == 0:
		return Interval{}, 0, ErrNoChange
	case v <= 1e-24:
		return Interval{}, 0, ErrNoSpread
	}
	degrees = min(degrees, least-1)
	difference := one.area - other.area
	return pairedShares(difference, size, v, degrees, least, level), studentTest(difference/math.Sqrt(v), degrees), nil
}

// placed is the area and each item's placement, in the order of the items.
type placed struct {
	area                 float64
	values               []float64
	positives, negatives float64
}

// class is the number of items of an item's class.
func (p placed) class(item Scored) float64 {
	if item.Positive {
		return p.positives
	}
	return p.negatives
}

// influences is how much each cluster moves the area.
func (p placed) influences(items []Scored, clusters int) []float64 {
	influences := make([]float64, clusters)
	for i, item := range items {
		influences[item.Cluster] += (p.values[i] - p.area) / p.class(item)
	}
	return influences
}

func placements(items []Scored) (placed, error) {
	order := make([]int, len(items))
	p := placed{values: make([]float64, len(items))}
	for i, item := range items {
		order[i] = i
		if item.Positive {
			p.positives++
		} else {
			p.negatives++
		}
	}
	if p.positives == 0 || p.negatives == 0 {
		return p, ErrOneClass
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(items[a].Score, items[b].Score) })
	// Sums of whole numbers and halves: exact.
	var sum, positivesBelow, negativesBelow float64
	for from := 0; from < len(order); {
		to := from
		var tiedPositives, tiedNegatives float64
		for ; to < len(order) && items[order[to]].Score == items[order[from]].Score; to++ {
			if items[order[to]].Positive {
				tiedPositives++
			} else {
				tiedNegatives++
			}
		}
		for _, i := range order[from:to] {
			if items[i].Positive {
				below := negativesBelow + tiedNegatives/2
				sum += below
				p.values[i] = below / p.negatives
			} else {
				p.values[i] = (p.positives - positivesBelow - tiedPositives/2) / p.positives
			}
		}
		positivesBelow += tiedPositives
		negativesBelow += tiedNegatives
		from = to
	}
	p.area = sum / (p.positives * p.negatives)
	return p, nil
}

// classSize is the effective number of clusters that hold a class (Kish).
func classSize(items []Scored, clusters int, positive bool) float64 {
	counts := make([]float64, clusters)
	for _, item := range items {
		if item.Positive == positive {
			counts[item.Cluster]++
		}
	}
	var sum, squares float64
	for _, n := range counts {
		sum += n
		squares += n * n
	}
	return sum * sum / squares
}
