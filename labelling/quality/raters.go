package quality

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/stats"
)

// Rater is how one rater answers beside the others.
type Rater struct {
	Answers int
	Shares  []float64 // of each category among them
	// Alike is the share of answers that agree with the majority of the others', over
	// items where they have one; Others is what that is for all other raters together. Nil
	// where there is no such item, and without bounds where Why says why.
	Alike, Others *stats.Interval
	Items         int // with a majority of the others
	Why           string
	Accuracy      float64  // by the consensus: see Consensus.Accuracy
	Doubts        []string // why the answers should be looked at
}

// fewestForDoubt is how many answers a rater has to have before the same one every time
// looks odd.
const fewestForDoubt = 20

// Raters describes each rater, and says whose answers should be looked at: those who
// agree with the majority of the others less than the others do, by an interval of the
// paired difference over clusters that holds for all raters together (Bonferroni), and
// those who give the same answer every time where others do not. A doubt is no verdict:
// someone who sees what nobody else sees looks the same.
func Raters(v Votes, consensus Consensus, level float64) []Rater {
	agrees := v.agreements()
	counts := v.counts()
	level = 1 - (1-level)/float64(max(1, v.Raters))
	all := make([]Rater, v.Raters)
	for r := range all {
		rater := &all[r]
		rater.Shares = make([]float64, v.Categories)
		constant, others := true, false
		before := -1
		for item, category := range v.of(r) {
			rater.Answers++
			rater.Shares[category]++
			if before >= 0 && category != before {
				constant = false
			}
			before = category
			for k, n := range counts[item] {
				others = others || k != category && n > 0
			}
		}
		for k := range rater.Shares {
			rater.Shares[k] /= float64(max(1, rater.Answers))
		}
		if rater.Answers > 0 {
			rater.Accuracy = consensus.Accuracy(r)
		}
		if constant && others && rater.Answers >= fewestForDoubt {
			rater.Doubts = append(rater.Doubts, fmt.Sprintf("gave the same answer %d times, where others did not", rater.Answers))
		}
		rater.beside(v, agrees, r, level)
	}
	return all
}

// agreed is a rater's answers to the items of a cluster that have a majority of the
// others: how many there are, and how many agree with it.
type agreed struct{ yes, of float64 }

// agreements are by cluster and rater.
func (v Votes) agreements() [][]agreed {
	counts := v.counts()
	all := make([][]agreed, len(v.Strata))
	for i := range all {
		all[i] = make([]agreed, v.Raters)
	}
	for r := range v.Raters {
		for item, category := range v.of(r) {
			majority, even := -1, false
			most := 0.0
			for k, n := range counts[item] {
				if k == category {
					n-- // the rater's own
				}
				switch {
				case n > most:
					majority, most, even = k, n, false
				case n == most && n > 0:
					even = true
				}
			}
			if majority < 0 || even {
				continue
			}
			one := &all[v.Clusters[item]][r]
			one.of++
			if majority == category {
				one.yes++
			}
		}
	}
	return all
}

// beside compares the rater with all others, over clusters in which both have answers.
func (r *Rater) beside(v Votes, agrees [][]agreed, who int, level float64) {
	var own, theirs []stats.Cluster
	for cluster, raters := range agrees {
		var others agreed
		for other, a := range raters {
			if other != who {
				others.yes, others.of = others.yes+a.yes, others.of+a.of
			}
		}
		if mine := raters[who]; mine.of > 0 && others.of > 0 {
			r.Items += int(mine.of)
			own = append(own, stats.Cluster{Sum: mine.yes, N: mine.of, Stratum: v.Strata[cluster]})
			theirs = append(theirs, stats.Cluster{Sum: others.yes, N: others.of, Stratum: v.Strata[cluster]})
		}
	}
	if len(own) == 0 {
		r.Why = "no item has a majority of the others"
		return
	}
	share := func(clusters []stats.Cluster) *stats.Interval {
		interval, err := stats.Share(clusters, stats.Level)
		if err != nil {
			var sum, n float64
			for _, c := range clusters {
				sum, n = sum+c.Sum, n+c.N
			}
			r.Why = err.Error()
			value := sum / n
			return &stats.Interval{Value: value, Low: value, High: value}
		}
		return &interval
	}
	r.Alike, r.Others = share(own), share(theirs)
	// The bound of Level for all raters together.
	if difference, err := stats.Difference(own, theirs, level); err == nil && difference.High < 0 {
		r.Doubts = append(r.Doubts, fmt.Sprintf("agrees with the majority of the others in %.0f %%, where the others do in %.0f %%", 100*r.Alike.Value, 100*r.Others.Value))
	}
}
