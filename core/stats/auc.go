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

// AUC is the area under the ROC curve: the chance that a random positive item
// scores higher than a random negative one, ties counting half.
//
// Hanley and McNeil (1982), The Meaning and Use of the Area under a Receiver
// Operating Characteristic Curve; by ranks, Mann and Whitney (1947):
//
//	AUC = sum over pairs of ( [s+ > s-] + [s+ = s-]/2 ) / ( n+ n- )
func AUC(items []Scored) (float64, error) {
	area := sortedAUC(sortScored(items), nil)
	if math.IsNaN(area) {
		return 0, ErrOneClass
	}
	return area, nil
}

// AUC is the interval of the area, resampling clusters.
func (b Bootstrap) AUC(items []Scored) (Interval, error) {
	sorted := sortScored(items)
	if math.IsNaN(sortedAUC(sorted, nil)) {
		return Interval{}, ErrOneClass
	}
	clusters := 0
	for _, item := range items {
		clusters = max(clusters, item.Cluster+1)
	}
	return b.Statistic(clusters, func(weights []float64) float64 { return sortedAUC(sorted, weights) })
}

func sortScored(items []Scored) []Scored {
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b Scored) int { return cmp.Compare(a.Score, b.Score) })
	return sorted
}

// sortedAUC walks upwards through the scores, one group of ties at a time. Nil
// weights are all 1. It is NaN if a class has no weight.
func sortedAUC(sorted []Scored, weights []float64) float64 {
	var area, positives, negatives float64
	for from := 0; from < len(sorted); {
		to := from
		var tiedPositives, tiedNegatives float64
		for ; to < len(sorted) && sorted[to].Score == sorted[from].Score; to++ {
			weight := 1.0
			if weights != nil {
				weight = weights[sorted[to].Cluster]
			}
			if sorted[to].Positive {
				tiedPositives += weight
			} else {
				tiedNegatives += weight
			}
		}
		area += tiedPositives * (negatives + tiedNegatives/2)
		positives += tiedPositives
		negatives += tiedNegatives
		from = to
	}
	return area / (positives * negatives) // 0/0 is NaN
}
