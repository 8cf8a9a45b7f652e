package stats

import (
	"cmp"
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
	area, _, err := placements(items, 0)
	return area, err
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
// and Klose (1957), Bounds for the Variance of the Mann-Whitney Statistic). Near 0 and
// 1 the pairs that make the variance are few; so e = n* min(AUC, 1-AUC), their
// number, counts against 0.1 at the worst case:
//
//	n** = (e + 0.1) / (e/n* + 0.1/k)
//
// With k below 5 there is no interval: ErrFewOfAClass.
func AUCInterval(items []Scored, strata []int, level float64) (Interval, error) {
	a, err := estimateArea(items, strata)
	if err != nil {
		return Interval{}, err
	}
	return a.interval(level)
}

// areaEstimate is an area with what its interval is made of.
type areaEstimate struct {
	area       float64
	influences []float64 // of each cluster
	variance   float64
	degrees    float64 // of freedom of the variance
	least      float64 // clusters' worth of the rarer class
}

func estimateArea(items []Scored, strata []int) (a areaEstimate, err error) {
	if a.area, a.influences, err = placements(items, len(strata)); err != nil {
		return a, err
	}
	if a.variance, a.degrees, err = Variance(a.influences, strata); err != nil {
		return a, err
	}
	a.least = min(classSize(items, len(strata), true), classSize(items, len(strata), false))
	if a.least < fewestOfAClass {
		return a, ErrFewOfAClass
	}
	a.degrees = min(a.degrees, a.least-1)
	return a, nil
}

func (a areaEstimate) interval(level float64) (Interval, error) {
	trials := a.least
	if seen := effective(a.area*(1-a.area), a.variance, a.degrees, level); seen > a.least {
		const weight = 0.1
		rare := seen * min(a.area, 1-a.area)
		trials = (rare + weight) / (rare/seen + weight/a.least)
	}
	interval, err := Binomial(a.area*trials, trials, level)
	interval.Value = a.area
	return interval, err
}

// placements is the area and how much each cluster moves it.
func placements(items []Scored, clusters int) (area float64, influences []float64, err error) {
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b Scored) int { return cmp.Compare(a.Score, b.Score) })
	var positives, negatives float64
	for _, item := range sorted {
		if item.Positive {
			positives++
		} else {
			negatives++
		}
	}
	if positives == 0 || negatives == 0 {
		return 0, nil, ErrOneClass
	}
	// Sums of whole numbers and halves: exact.
	pairs := make([]float64, len(sorted)) // in which an item is right
	var sum, positivesBelow, negativesBelow float64
	for from := 0; from < len(sorted); {
		to := from
		var tiedPositives, tiedNegatives float64
		for ; to < len(sorted) && sorted[to].Score == sorted[from].Score; to++ {
			if sorted[to].Positive {
				tiedPositives++
			} else {
				tiedNegatives++
			}
		}
		for i := from; i < to; i++ {
			if sorted[i].Positive {
				pairs[i] = negativesBelow + tiedNegatives/2
				sum += pairs[i]
			} else {
				pairs[i] = positives - positivesBelow - tiedPositives/2
			}
		}
		positivesBelow += tiedPositives
		negativesBelow += tiedNegatives
		from = to
	}
	area = sum / (positives * negatives)
	influences = make([]float64, clusters)
	if clusters == 0 {
		return area, influences, nil
	}
	for i, item := range sorted {
		own, others := positives, negatives
		if !item.Positive {
			own, others = negatives, positives
		}
		influences[item.Cluster] += (pairs[i]/others - area) / own
	}
	return area, influences, nil
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
