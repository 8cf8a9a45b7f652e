package quality

import (
	"slices"

	"github.com/plumb-ml/plumb/core/stats"
)

// Agreement is how far answers agree beyond chance: 1 - Observed/Chance, of the shares
// of pairs of answers that differ. 1 is perfect, 0 what chance gives.
type Agreement struct {
	Value            float64
	Observed, Chance float64
	Items            int // that have two answers and more
}

// Measure is a measure of agreement. All are functions of sums over items.
type Measure struct {
	// item is what an item's answers add, nothing if there are not two.
	item func(answers []Vote, categories int) (tally, bool)
	// shares are the pairs that differ, observed and by chance.
	shares func(t tally) (observed, chance float64)
}

// tally is sums over items.
type tally struct {
	items, answers float64
	differ         float64   // as the measure counts it
	first, second  []float64 // answers of each category; second: of the second of two raters
}

// add adds another tally, by a factor: -1 takes it away.
func (t *tally) add(other tally, by float64) {
	t.items += by * other.items
	t.answers += by * other.answers
	t.differ += by * other.differ
	for _, sums := range []struct {
		to   *[]float64
		from []float64
	}{{&t.first, other.first}, {&t.second, other.second}} {
		if *sums.to == nil {
			*sums.to = make([]float64, len(sums.from))
		}
		for k, n := range sums.from {
			(*sums.to)[k] += by * n
		}
	}
}

// Cohen is Cohen's kappa of two raters, over the items that both answered (Cohen 1960, A
// Coefficient of Agreement for Nominal Scales, equation 1): chance is that each answers
// as often as they do, whatever the item. The last answer to an item counts.
func Cohen(first, second int) Measure {
	return Measure{
		item: func(answers []Vote, categories int) (tally, bool) {
			a, b := -1, -1
			for _, vote := range answers {
				switch vote.Rater {
				case first:
					a = vote.Category
				case second:
					b = vote.Category
				}
			}
			if a < 0 || b < 0 {
				return tally{}, false
			}
			t := tally{items: 1, answers: 2, first: make([]float64, categories), second: make([]float64, categories)}
			t.first[a], t.second[b] = 1, 1
			if a != b {
				t.differ = 1
			}
			return t, true
		},
		shares: func(t tally) (observed, chance float64) {
			chance = 1
			for k := range t.first {
				chance -= t.first[k] / t.items * t.second[k] / t.items
			}
			return t.differ / t.items, chance
		},
	}
}

// Fleiss is Fleiss' kappa of any raters (Fleiss 1971, Measuring Nominal Scale Agreement
// Among Many Raters, equations 2 to 7): chance is that all answer as often as all do
// together. Where items have other numbers of answers than others, each item of two and
// more counts alike in what is observed, and each answer in what chance gives.
var Fleiss = Measure{
	item: counted(func(n, alike float64) float64 { return 1 - alike/(n*(n-1)) }),
	shares: func(t tally) (observed, chance float64) {
		chance = 1
		for _, c := range t.first {
			chance -= c / t.answers * c / t.answers
		}
		return t.differ / t.items, chance
	},
}

// Krippendorff is Krippendorff's alpha of nominal answers (Krippendorff 2004, Content
// Analysis, chapter 11): each pair of answers to an item of n counts 1/(n-1), and chance
// is two answers drawn from all of them without putting the first one back.
var Krippendorff = Measure{
	item: counted(func(n, alike float64) float64 { return n - alike/(n-1) }),
	shares: func(t tally) (observed, chance float64) {
		chance = 1
		for _, c := range t.first {
			chance -= c * (c - 1) / (t.answers * (t.answers - 1))
		}
		return t.differ / t.answers, chance
	},
}

// counted tallies an item of n answers by how many ordered pairs of them are alike.
func counted(differ func(n, alike float64) float64) func([]Vote, int) (tally, bool) {
	return func(answers []Vote, categories int) (tally, bool) {
		n := float64(len(answers))
		if n < 2 {
			return tally{}, false
		}
		t := tally{items: 1, answers: n, first: make([]float64, categories)}
		for _, vote := range answers {
			t.first[vote.Category]++
		}
		var alike float64
		for _, c := range t.first {
			alike += c * (c - 1)
		}
		t.differ = differ(n, alike)
		return t, true
	}
}

// tallies are what the items of each cluster add, and all of them together.
func (m Measure) tallies(v Votes) (clusters []tally, all tally) {
	clusters = make([]tally, len(v.Strata))
	for item, answers := range v.byItem() {
		if t, ok := m.item(answers, v.Categories); ok {
			clusters[v.Clusters[item]].add(t, 1)
			all.add(t, 1)
		}
	}
	return clusters, all
}

func (m Measure) of(t tally) (Agreement, error) {
	if t.items == 0 {
		return Agreement{}, ErrAlone
	}
	observed, chance := m.shares(t)
	if chance <= 0 {
		return Agreement{}, ErrOneCategory
	}
	return Agreement{Value: 1 - observed/chance, Observed: observed, Chance: chance, Items: int(t.items)}, nil
}

// Of measures the agreement of votes.
func (m Measure) Of(v Votes) (Agreement, error) {
	_, all := m.tallies(v)
	return m.of(all)
}

// Interval is the interval of the measure over clusters, from how much it changes
// without each of them (the jackknife's influences), as stats.Disagreement makes it:
// skewed as shares are, and with width where nothing differs.
func (m Measure) Interval(v Votes, level float64) (stats.Interval, error) {
	clusters, all := m.tallies(v)
	whole, err := m.of(all)
	if err != nil {
		return stats.Interval{}, err
	}
	var influences []float64
	var strata []int
	for cluster, t := range clusters {
		if t.items == 0 {
			continue
		}
		rest := all
		rest.first, rest.second = slices.Clone(all.first), slices.Clone(all.second)
		rest.add(t, -1)
		without, err := m.of(rest)
		if err != nil {
			return stats.Interval{}, err
		}
		influences, strata = append(influences, whole.Value-without.Value), append(strata, v.Strata[cluster])
	}
	return stats.Disagreement(whole.Value, whole.Chance, influences, strata, level)
}
