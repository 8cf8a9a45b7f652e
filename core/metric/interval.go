package metric

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// How the intervals of this package are made, in words: docs/statistics.md has them
// at length.
const (
	shareIntervals          = "95 %, binomial of the effective number of prompts by their spread within category and split (Korn and Graubard)"
	meanIntervals           = "95 %, t, by the spread of prompts within category and split"
	differenceIntervals     = "95 %, score interval of paired shares (Tango), of the effective number of prompts by their spread within category and split"
	areaIntervals           = "95 %, binomial of the effective number of prompts by DeLong's placements (Obuchowski)"
	areaDifferenceIntervals = "95 %, score interval of paired shares (Tango), of the effective number of prompts by DeLong's placements"
	areaTests               = "t test over prompts, by DeLong's placements"
	alphaIntervals          = "95 %, binomial of the observed disagreement, of the effective number of prompts"
)

// estimator completes metrics with their value and interval. Prompts are what was
// drawn at random, by stratum: a category and split.
type estimator struct {
	seed   uint64 // of what is drawn
	strata map[scope]int
}

// newEstimator knows the strata of prompts. The splits of a category are nearer to
// each other than to any other category.
func newEstimator(seed uint64, prompts ...[]promptKey) estimator {
	var categories, splits []string
	for _, p := range slices.Concat(prompts...) {
		categories, splits = append(categories, p.category), append(splits, p.split)
	}
	slices.Sort(categories)
	slices.Sort(splits)
	categories, splits = slices.Compact(categories), slices.Compact(splits)
	e := estimator{seed, map[scope]int{}}
	for i, category := range categories {
		for j, split := range splits {
			e.strata[scope{category, split}] = 2*len(splits)*i + j
		}
	}
	return e
}

// stratum numbers the stratum of a prompt.
func (e estimator) stratum(p promptKey) int { return e.strata[scope{p.category, p.split}] }

// in is the cluster of a prompt with its stratum.
func (e estimator) in(p promptKey, c stats.Cluster) stats.Cluster {
	c.Stratum = e.stratum(p)
	return c
}

// at is a metric like m for one scope.
func at(m record.Metric, s scope) record.Metric {
	m.Category, m.Split = s.category, s.split
	return m
}

// with is a copy of a metric's protocol and one more line.
func with(protocol map[string]string, name, value string) map[string]string {
	more := maps.Clone(protocol)
	if more == nil {
		more = map[string]string{}
	}
	more[name] = value
	return more
}

// mean completes a metric with the mean over the items of clusters, of any size.
func (e estimator) mean(m record.Metric, clusters []stats.Cluster) record.Metric {
	return e.over(m, clusters, meanIntervals, stats.Mean)
}

// share completes a metric with the mean over the items of clusters, each of which
// is between 0 and 1.
func (e estimator) share(m record.Metric, clusters []stats.Cluster) record.Metric {
	return e.over(m, clusters, shareIntervals, stats.Share)
}

func (e estimator) over(m record.Metric, clusters []stats.Cluster, method string, interval func([]stats.Cluster, float64) (stats.Interval, error)) record.Metric {
	clusters = filled(clusters)
	m.Clusters = len(clusters)
	var sum, n float64
	for _, c := range clusters {
		sum += c.Sum
		n += c.N
	}
	m.N = int(math.Round(n))
	if n == 0 {
		return without(m, "no images")
	}
	bounds, err := interval(clusters, stats.Level)
	return e.complete(m, sum/n, method, bounds, err)
}

// bounded completes a metric with the mean over the items of clusters of any numbers
// between 0 and 1.
func (e estimator) bounded(m record.Metric, clusters []stats.Cluster) record.Metric {
	return e.over(m, clusters, shareIntervals, stats.BoundedMean)
}

// difference completes a metric with the difference of two means over the same
// clusters, of items between 0 and 1, in the metric's unit. Clusters that one side
// lacks are left out.
func (e estimator) difference(m record.Metric, first, second []stats.Cluster) record.Metric {
	return e.between(m, first, second, differenceIntervals, stats.Difference)
}

// meanDifference is difference for items of any size.
func (e estimator) meanDifference(m record.Metric, first, second []stats.Cluster) record.Metric {
	return e.between(m, first, second, meanIntervals, stats.MeanDifference)
}

func (e estimator) between(
	m record.Metric, first, second []stats.Cluster, method string,
	interval func(first, second []stats.Cluster, level float64) (stats.Interval, error),
) record.Metric {
	var a, b []stats.Cluster
	var sum1, n1, sum2, n2 float64
	for i := range first {
		if first[i].N == 0 || second[i].N == 0 {
			continue
		}
		a, b = append(a, first[i]), append(b, second[i])
		sum1, n1 = sum1+first[i].Sum, n1+first[i].N
		sum2, n2 = sum2+second[i].Sum, n2+second[i].N
	}
	m.N, m.Clusters = int(math.Round(n1)), len(a)
	if len(a) == 0 {
		return without(m, "no prompt has images on both sides")
	}
	bounds, err := interval(a, b, stats.Level)
	return e.complete(m, sum1/n1-sum2/n2, method, bounds, err)
}

// area completes a metric with the area under the ROC curve. The cluster of an item
// is its prompt's position in prompts.
func (e estimator) area(m record.Metric, prompts []promptKey, items []stats.Scored) record.Metric {
	m.N, m.Clusters = len(items), len(prompts)
	area, err := stats.AUC(items)
	if err != nil {
		return without(m, "the images are all good, or all bad")
	}
	bounds, err := stats.AUCInterval(items, e.strataOf(prompts), stats.Level)
	return e.complete(m, area, areaIntervals, bounds, err)
}

// areaDifference completes a metric with the difference of the areas of two scores of
// the same items, in the same order, and another with the p value that there is none.
func (e estimator) areaDifference(m, p record.Metric, prompts []promptKey, first, second []stats.Scored) (difference, test record.Metric) {
	m.N, m.Clusters = len(first), len(prompts)
	p.N, p.Clusters = len(first), len(prompts)
	area1, err1 := stats.AUC(first)
	area2, err2 := stats.AUC(second)
	if err1 != nil || err2 != nil {
		const why = "the images are all good, or all bad"
		return without(m, why), without(p, why)
	}
	bounds, chance, err := stats.AUCDifference(first, second, e.strataOf(prompts), stats.Level)
	m = e.complete(m, area1-area2, areaDifferenceIntervals, bounds, err)
	if err != nil {
		return m, without(p, "no test: "+whyNone(err))
	}
	p.Protocol = with(p.Protocol, "test", areaTests)
	return m, number(p, chance)
}

func (e estimator) strataOf(prompts []promptKey) []int {
	strata := make([]int, len(prompts))
	for i, p := range prompts {
		strata[i] = e.stratum(p)
	}
	return strata
}

// complete sets the value and, if it could be had, the interval with the method it
// was made by; else the reason.
func (e estimator) complete(m record.Metric, value float64, method string, interval stats.Interval, err error) record.Metric {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return without(m, "undefined on this input")
	}
	factor := 1.0
	if m.Unit == record.Points {
		factor = 100
	}
	value *= factor
	m.Value = &value
	if err != nil {
		m.Note = join(m.Note, "no interval: "+whyNone(err))
		return m
	}
	low, high := min(value, factor*interval.Low), max(value, factor*interval.High)
	m.Low, m.High = &low, &high
	m.Protocol = with(m.Protocol, "interval", method)
	return m
}

// whyNone says in terms of prompts why a number could not be had.
func whyNone(err error) string {
	switch {
	case errors.Is(err, stats.ErrTooFew):
		return fmt.Sprintf("fewer than %d prompts", stats.FewestClusters)
	case errors.Is(err, stats.ErrNoChange):
		return "no prompt changed"
	case errors.Is(err, stats.ErrNoSpread):
		return "all prompts are alike"
	case errors.Is(err, stats.ErrFewCarry):
		return "a few prompts carry the mean"
	case errors.Is(err, stats.ErrChance):
		return "too few prompts for what chance would give"
	case errors.Is(err, stats.ErrFewOfAClass):
		return "too few prompts have a good image, or a bad one"
	}
	return err.Error()
}

// number completes a metric that has no interval of its own.
func number(m record.Metric, value float64) record.Metric {
	m.Value = &value
	return m
}

// without is a metric that could not be computed, and why.
func without(m record.Metric, why string) record.Metric {
	m.Value, m.Low, m.High = nil, nil, nil
	m.Note = join(m.Note, why)
	return m
}

func join(note, more string) string {
	if note == "" {
		return more
	}
	return note + "; " + more
}

// filled drops the clusters without items: they are no prompts of this measure.
func filled(clusters []stats.Cluster) []stats.Cluster {
	var kept []stats.Cluster
	for _, c := range clusters {
		if c.N > 0 {
			kept = append(kept, c)
		}
	}
	return kept
}
