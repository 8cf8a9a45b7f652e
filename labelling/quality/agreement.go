package quality

import (
	"github.com/plumb-ml/plumb/core/stats"
)

// Agreement is how far answers agree beyond chance: 1 - Observed/Chance, of the shares
// of pairs of answers that differ. 1 is perfect, 0 what chance gives.
type Agreement struct {
	Value            float64
	Observed, Chance float64
	Items            int // that have two answers and more
}

func agreementOf(observed, chance float64, items int) (Agreement, error) {
	switch {
	case items == 0:
		return Agreement{}, ErrAlone
	case chance == 0:
		return Agreement{}, ErrOneCategory
	}
	return Agreement{Value: 1 - observed/chance, Observed: observed, Chance: chance, Items: items}, nil
}

// Cohen is Cohen's kappa of two raters, over the items that both answered (Cohen 1960, A
// Coefficient of Agreement for Nominal Scales, equation 1): chance is that each answers
// as often as they do, whatever the item.
func Cohen(v Votes, first, second int) (Agreement, error) {
	a, b := v.of(first), v.of(second)
	p, q := make([]float64, v.Categories), make([]float64, v.Categories)
	var n, differ float64
	for item := range v.Items {
		x, answered := a[item]
		y, too := b[item]
		if !answered || !too {
			continue
		}
		n++
		p[x]++
		q[y]++
		if x != y {
			differ++
		}
	}
	if n == 0 {
		return Agreement{}, ErrAlone
	}
	chance := 1.0
	for k := range p {
		chance -= p[k] / n * q[k] / n
	}
	return agreementOf(differ/n, chance, int(n))
}

// Fleiss is Fleiss' kappa of any raters (Fleiss 1971, Measuring Nominal Scale Agreement
// Among Many Raters, equations 2 to 7): chance is that all answer as often as all do
// together. Where items have other numbers of answers than others, each item of two and
// more counts alike in what is observed, and each answer in what chance gives.
func Fleiss(v Votes) (Agreement, error) {
	var items, answers, observed float64
	category := make([]float64, v.Categories)
	for _, counts := range v.counts() {
		var n, alike float64
		for _, c := range counts {
			n += c
			alike += c * (c - 1)
		}
		if n < 2 {
			continue
		}
		items++
		answers += n
		observed += 1 - alike/(n*(n-1))
		for k, c := range counts {
			category[k] += c
		}
	}
	if items == 0 {
		return Agreement{}, ErrAlone
	}
	chance := 1.0
	for _, c := range category {
		chance -= c / answers * c / answers
	}
	return agreementOf(observed/items, chance, int(items))
}

// Krippendorff is Krippendorff's alpha of nominal answers (Krippendorff 2004, Content
// Analysis, chapter 11): each pair of answers to an item of n counts 1/(n-1), and chance
// is two answers drawn from all of them without putting the first one back.
func Krippendorff(v Votes) (Agreement, error) {
	var answers, observed float64
	items := 0
	category := make([]float64, v.Categories)
	for _, counts := range v.counts() {
		var n, alike float64
		for _, c := range counts {
			n += c
			alike += c * (c - 1)
		}
		if n < 2 {
			continue
		}
		items++
		answers += n
		observed += n - alike/(n-1)
		for k, c := range counts {
			category[k] += c
		}
	}
	if items == 0 {
		return Agreement{}, ErrAlone
	}
	chance := 1.0
	for _, c := range category {
		chance -= c * (c - 1) / (answers * (answers - 1))
	}
	return agreementOf(observed/answers, chance, items)
}

// Interval is the interval of a measure of agreement over clusters, from how much it
// changes without each of them (the jackknife's influences), as stats.Disagreement makes
// it: skewed as shares are, and with width where nothing differs.
func Interval(v Votes, of func(Votes) (Agreement, error), level float64) (stats.Interval, error) {
	whole, err := of(v)
	if err != nil {
		return stats.Interval{}, err
	}
	influences := make([]float64, len(v.Strata))
	for cluster := range influences {
		rest, err := of(v.without(cluster))
		if err != nil {
			return stats.Interval{}, err
		}
		influences[cluster] = whole.Value - rest.Value
	}
	return stats.Disagreement(whole.Value, whole.Chance, influences, v.Strata, level)
}
