package metric

import (
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// intervalProtocol is how the intervals of this package are made, in words.
const intervalProtocol = "95 %, percentile bootstrap over prompts, 2000 resamples"

// estimator completes metrics with their value and interval.
type estimator struct {
	boot stats.Bootstrap
}

func newEstimator(seed uint64) estimator {
	return estimator{stats.Bootstrap{Resamples: stats.DefaultResamples, Level: stats.Level, Seed: seed}}
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

// mean completes a metric with the mean over the items of clusters.
func (e estimator) mean(m record.Metric, clusters []stats.Cluster) record.Metric {
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
	interval, err := e.boot.Mean(clusters)
	return e.complete(m, sum/n, interval, err)
}

// share completes a metric with the share of items of clusters. Where every
// cluster is alike (all images good) resampling shows no spread, though there
// is some; then the interval is Wilson's with the prompts as trials.
func (e estimator) share(m record.Metric, clusters []stats.Cluster) record.Metric {
	m = e.mean(m, clusters)
	if m.Low != nil && *m.Low == *m.High && (*m.Value == 0 || *m.Value == 1) {
		trials := float64(m.Clusters)
		if interval, err := stats.Wilson(*m.Value*trials, trials, stats.Level); err == nil {
			m.Low, m.High = &interval.Low, &interval.High
			m.Note = join(m.Note, "all prompts agree: Wilson interval over prompts")
		}
	}
	return m
}

// difference completes a metric with the difference of two means over the same
// clusters, in the metric's unit. Clusters that one side lacks are left out.
func (e estimator) difference(m record.Metric, first, second []stats.Cluster) record.Metric {
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
	interval, err := e.boot.Difference(a, b)
	return e.complete(m, sum1/n1-sum2/n2, interval, err)
}

// statistic completes a metric with any statistic of clusters.
func (e estimator) statistic(m record.Metric, clusters int, statistic func(weights []float64) float64) record.Metric {
	m.Clusters = clusters
	ones := make([]float64, clusters)
	for i := range ones {
		ones[i] = 1
	}
	interval, err := e.boot.Statistic(clusters, statistic)
	return e.complete(m, statistic(ones), interval, err)
}

// complete sets the value and, if it could be had, the interval.
func (e estimator) complete(m record.Metric, value float64, interval stats.Interval, err error) record.Metric {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return without(m, "undefined on this input")
	}
	factor := 1.0
	if m.Unit == record.Points {
		factor = 100
	}
	scaled := factor * value
	m.Value = &scaled
	m.Protocol = with(m.Protocol, "interval", intervalProtocol)
	m.Protocol["seed"] = fmt.Sprint(e.boot.Seed)
	switch {
	case errors.Is(err, stats.ErrTooFew):
		m.Note = join(m.Note, "no interval: fewer than two prompts")
	case err != nil:
		m.Note = join(m.Note, "no interval: "+err.Error())
	default:
		low, high := factor*interval.Low, factor*interval.High
		m.Low, m.High = &low, &high
	}
	return m
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
