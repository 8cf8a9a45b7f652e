package bundle

import (
	"fmt"
	"math"

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

// compare adds the metrics of a stage.
func (v *Verdict) compare(variant, stage string, metrics, again []record.Metric) {
	known := map[identity]record.Metric{}
	for _, m := range again {
		known[identityOf(m)] = m
	}
	for _, m := range metrics {
		number := Number{Variant: variant, Stage: stage, Metric: m}
		other, found := known[identityOf(m)]
		if found {
			number.Again, number.AgainLow, number.AgainHigh = other.Value, other.Low, other.High
			number.Agreement, number.Difference = agreement(m, other)
		} else {
			number.Agreement, number.Difference = NotFound, "it was not measured again"
		}
		v.Numbers = append(v.Numbers, number)
	}
}

// agreement sets a metric of the bundle against one that was measured again.
func agreement(m, again record.Metric) (Agreement, string) {
	switch {
	case m.Value == nil && again.Value == nil:
		return Same, ""
	case m.Value == nil:
		return Unequal, fmt.Sprintf("it could not be computed, and is %s again", written(again.Value))
	case again.Value == nil:
		return Unequal, fmt.Sprintf("%s, and could not be computed again: %s", written(m.Value), again.Note)
	case m.N != again.N || m.Clusters != again.Clusters:
		return Unequal, fmt.Sprintf("over %d images or pairs of %d prompts, and %d of %d again", m.N, m.Clusters, again.N, again.Clusters)
	case near(*m.Value, *again.Value):
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
	}
	return Beyond, fmt.Sprintf("%s, and %s again; it has no interval that could explain it", written(m.Value), written(again.Value))
}

// near reports whether two numbers are the same but for rounding: other processors add
// up in another order.
func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b))
}

func written(value *float64) string {
	if value == nil {
		return "none"
	}
	return fmt.Sprintf("%.6g", *value)
}
