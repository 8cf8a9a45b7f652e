package quality

import (
	"github.com/plumb-ml/plumb/core/stats"
)

// Placed is an answer about an image that stood somewhere on the screen: Place counts from
// 0, left to right. Of a choice between images there is one for each of them, Chosen of
// the better one alone; of an image that was rated, Chosen if it is good.
type Placed struct {
	Cluster, Place int
	Chosen         bool
}

// OrderEffect is whether what stands first is chosen more often than what stands
// elsewhere. Where places are drawn at random, nothing but the order can make that
// difference.
type OrderEffect struct {
	First, Rest float64         // shares that are chosen
	Answers     int             // about images in the first place
	Difference  *stats.Interval // First - Rest, over prompts with answers to both; nil: see Why
	P           float64         // that both are alike, by stats.SignFlip of the prompts' differences
	Why         string          // there is no interval and no P
}

// Order compares the first place with all others. strata are those of clusters. False
// where nothing stood in one of the two.
func Order(placed []Placed, strata []int, level float64, seed uint64) (OrderEffect, bool) {
	type two struct{ first, rest stats.Cluster }
	all := make([]two, len(strata))
	var sum two
	for _, p := range placed {
		for _, t := range []*two{&all[p.Cluster], &sum} {
			side := &t.rest
			if p.Place == 0 {
				side = &t.first
			}
			side.N++
			if p.Chosen {
				side.Sum++
			}
		}
	}
	if sum.first.N == 0 || sum.rest.N == 0 {
		return OrderEffect{}, false
	}
	effect := OrderEffect{First: sum.first.Sum / sum.first.N, Rest: sum.rest.Sum / sum.rest.N, Answers: int(sum.first.N)}
	var first, rest []stats.Cluster
	var differences []float64
	for cluster, t := range all {
		if t.first.N == 0 || t.rest.N == 0 {
			continue
		}
		t.first.Stratum, t.rest.Stratum = strata[cluster], strata[cluster]
		first, rest = append(first, t.first), append(rest, t.rest)
		differences = append(differences, t.first.Sum/t.first.N-t.rest.Sum/t.rest.N)
	}
	interval, err := stats.Difference(first, rest, level)
	if err != nil {
		effect.Why = err.Error()
		return effect, true
	}
	p, _, err := stats.SignFlip(differences, seed)
	if err != nil {
		effect.Why = err.Error()
		return effect, true
	}
	effect.Difference, effect.P = &interval, p
	return effect, true
}
