package bundle

import (
	"fmt"
	"math"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// identity is what a metric is of.
type identity struct {
	name, subject, versus, rater, reward, part, aspect, encoder, perturbation string
	bin, step                                                                 int
	category, split                                                           string
	choice, versusChoice                                                      record.Choice
}

func identityOf(m record.Metric) identity {
	return identity{m.Name, m.Subject, m.Versus, m.Rater, m.Reward, m.Part, m.Aspect, m.Encoder, m.Perturbation, m.Bin, m.Step, m.Category, m.Split, m.Choice, m.VersusChoice}
}

// source is what numbers that are compared were made of.
type source bool

const (
	sameTables source = false // tables of the bundle: numbers follow from them
	secondRun  source = true  // new ones
)

// compare adds the metrics of a stage.
func (v *Verdict) compare(variant, stage string, metrics, again []record.Metric, of source) {
	known, differences := map[identity]record.Metric{}, map[identity]record.Metric{}
	for _, m := range again {
		known[identityOf(m)] = m
	}
	for _, m := range metrics {
		differences[identityOf(m)] = m
	}
	for _, m := range metrics {
		number := Number{Variant: variant, Stage: stage, Metric: m}
		other, found := known[identityOf(m)]
		if found {
			number.Again, number.AgainLow, number.AgainHigh = other.Value, other.Low, other.High
			tolerated := rounding(m)
			if m.Unit == record.P {
				compared := m
				compared.Name = strings.TrimSuffix(m.Name, "_p")
				tolerated = max(tolerated, roundingOfTest(differences[identityOf(compared)]))
			}
			number.Agreement, number.Difference = agreement(m, other, tolerated, of)
		} else {
			number.Agreement, number.Difference = NotFound, "it was not measured again"
		}
		v.Numbers = append(v.Numbers, number)
	}
}

// agreement sets a metric of the bundle against one that was measured again; what is
// tolerated of the value is rounding.
func agreement(m, again record.Metric, tolerated float64, of source) (Agreement, string) {
	switch {
	case m.Value == nil && again.Value == nil:
		return Same, ""
	case m.Value == nil:
		return Unequal, fmt.Sprintf("it could not be computed, and is %s again", written(again.Value))
	case again.Value == nil:
		return Unequal, fmt.Sprintf("%s, and could not be computed again: %s", written(m.Value), again.Note)
	case m.N != again.N || m.Clusters != again.Clusters:
		return Unequal, fmt.Sprintf("over %d images or pairs of %d prompts, and %d of %d again", m.N, m.Clusters, again.N, again.Clusters)
	case math.Abs(*m.Value-*again.Value) <= tolerated:
		for _, bound := range []struct {
			name       string
			one, other *float64
		}{{"lower", m.Low, again.Low}, {"upper", m.High, again.High}} {
			if (bound.one == nil) != (bound.other == nil) || bound.one != nil && !near(*bound.one, *bound.other) {
				return Unequal, fmt.Sprintf("the %s bound of its interval is %s, and %s again", bound.name, written(bound.one), written(bound.other))
			}
		}
		return Same, ""
	case m.Low != nil && m.High != nil && *again.Value >= *m.Low && *again.Value <= *m.High:
		return Within, fmt.Sprintf("%s, and %s again, within [%s, %s]", written(m.Value), written(again.Value), written(m.Low), written(m.High))
	case m.Low != nil && m.High != nil:
		return Beyond, fmt.Sprintf("%s, and %s again, outside [%s, %s]", written(m.Value), written(again.Value), written(m.Low), written(m.High))
	case of == secondRun:
		return Unjudged, fmt.Sprintf("%s, and %s again, without an interval", written(m.Value), written(again.Value))
	}
	return Beyond, fmt.Sprintf("%s, and %s again, of the same tables; rounding explains %.2g", written(m.Value), written(again.Value), tolerated)
}

// last is how far two numbers may differ that were added up in another order, relative
// to the greater of their size and 1, which is what items are of that are averaged: a sum
// of n items is off by at most n 2^-53 of their sizes (Higham 2002, Accuracy and
// Stability of Numerical Algorithms, equation 4.4). It is that of 4.5 million items, both
// ways.
const last = 1e-9

// near reports whether two numbers are the same but for rounding.
func near(a, b float64) bool {
	return math.Abs(a-b) <= last*max(1, math.Abs(a), math.Abs(b))
}

// rounding is how far a metric may be off where other processors add up in another order.
// The metric itself says so where it is a difference of large sums.
func rounding(m record.Metric) float64 {
	if m.Value == nil {
		return 0
	}
	return max(m.Rounding, last*max(1, math.Abs(*m.Value)))
}

// widestStudent is the 97.5 % quantile of Student's t with one degree of freedom, the
// greatest there is.
const widestStudent = 12.71

// roundingOfTest is how far the p value of a t test of a difference may be off. With D the
// difference, e its error and t = D/e,
//
//	|dp| <= 2 φ(t) |dt|, |dt| <= (1 + |t|) rounding/e, φ(t) (1 + |t|) < 0.54
//
// and e is the half width of the interval over a quantile of at most widestStudent.
func roundingOfTest(difference record.Metric) float64 {
	if difference.Low == nil || difference.High == nil || *difference.High <= *difference.Low {
		return 0
	}
	half := (*difference.High - *difference.Low) / 2
	return min(1, 2*0.54*widestStudent*rounding(difference)/half)
}

func written(value *float64) string {
	if value == nil {
		return "none"
	}
	return fmt.Sprintf("%.6g", *value)
}
