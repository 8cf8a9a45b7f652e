package metric

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// winProtocol is how two sets of images are compared, in words.
const winProtocol = "per prompt, set against set: a rater votes for the side with more images called good, image paired with image, pairs with a skip left out; two thirds of the raters decide, else tie"

// duel is one prompt's images of two sides.
type duel struct {
	promptKey
	first, second set
}

func duelKey(d duel) promptKey { return d.promptKey }

// duels pairs two sides by prompt. alone counts the prompts of one side only.
func duels(first, second []set) (paired []duel, alone int) {
	other := map[promptKey]set{}
	for _, s := range second {
		other[s.promptKey] = s
	}
	for _, s := range first {
		if match, ok := other[s.promptKey]; ok {
			paired = append(paired, duel{s.promptKey, s, match})
			delete(other, s.promptKey)
		} else {
			alone++
		}
	}
	return paired, alone + len(other)
}

// outcome is the raters' decision on one prompt: 1 the first side wins, -1 it
// loses, 0 a tie. As in Lee et al. 2023, section 5.1, raters see the two sides'
// sets of images and two thirds of them decide:
//
//	vote_r  = sign( sum over image pairs i of [r: first_i good] - [r: second_i good] )
//	outcome = 1  if #{vote_r = 1}  >= 2/3 raters
//	         -1  if #{vote_r = -1} >= 2/3 raters
//	          0  otherwise
//
// A pair counts for a rater who called both of its images good or bad, and a
// rater counts who has such a pair. pairs is their number over all raters'
// images; it is 0 if nobody can decide.
func (d duel) outcome() (result, pairs int) {
	n := min(len(d.first.images), len(d.second.images))
	lead := map[string]int{}
	for i := range n {
		counted := false
		second := d.second.images[i].labels
		for rater, vote := range d.first.images[i].labels {
			other, both := second[rater]
			if !both || vote == "skip" || other == "skip" {
				continue
			}
			counted = true
			lead[rater] += goodVote(vote) - goodVote(other)
		}
		if counted {
			pairs++
		}
	}
	var wins, losses int
	for _, l := range lead {
		if l > 0 {
			wins++
		}
		if l < 0 {
			losses++
		}
	}
	switch voters := len(lead); {
	case voters == 0:
		return 0, 0
	case 3*wins >= 2*voters:
		return 1, pairs
	case 3*losses >= 2*voters:
		return -1, pairs
	}
	return 0, pairs
}

func goodVote(vote string) int {
	if vote == "good" {
		return 1
	}
	return 0
}

// winRates compares two sides on the prompts that both have:
//
//	win_share, tie_share, lose_share   shares of the prompts
//	win_minus_lose                     in percentage points, with
//	win_minus_lose_p                   its sign-flip p value over prompts and
//	win_minus_lose_detectable          the true difference that this many prompts find in 4 of 5 trials
//	good_share_difference              of the images, in points, paired by prompt, and
//	good_share_difference_p            its sign-flip p value
func winRates(first, second []set, m record.Metric, e estimator) ([]record.Metric, []dataset.PromptValue) {
	paired, alone := duels(first, second)
	m.Protocol = with(m.Protocol, "comparison", winProtocol)
	if alone > 0 {
		m.Note = join(m.Note, fmt.Sprintf("%d prompts with images on one side only are left out", alone))
	}
	var metrics []record.Metric
	for _, s := range scopes(promptKeysOf(paired, duelKey)) {
		metrics = append(metrics, winRatesWithin(within(paired, s, duelKey), at(m, s), e)...)
	}
	var values []dataset.PromptValue
	for _, d := range paired {
		if result, pairs := d.outcome(); pairs > 0 {
			values = append(values, promptValue(m, WinMinusLose, d.promptKey, float64(result), pairs))
		}
	}
	return metrics, values
}

func winRatesWithin(paired []duel, m record.Metric, e estimator) []record.Metric {
	var wins, ties, losses, nets, firsts, seconds []stats.Cluster
	var outcomes, goods []float64
	for _, d := range paired {
		in := func(sum, n float64) stats.Cluster { return e.in(d.promptKey, stats.Cluster{Sum: sum, N: n}) }
		a, b := goodCluster(d.first), goodCluster(d.second)
		firsts, seconds = append(firsts, in(a.Sum, a.N)), append(seconds, in(b.Sum, b.N))
		if a.N > 0 && b.N > 0 {
			goods = append(goods, a.Sum/a.N-b.Sum/b.N)
		}
		result, pairs := d.outcome()
		if pairs == 0 {
			continue
		}
		outcomes = append(outcomes, float64(result))
		nets = append(nets, in(float64(result), 1))
		wins = append(wins, in(indicator(result == 1), 1))
		ties = append(ties, in(indicator(result == 0), 1))
		losses = append(losses, in(indicator(result == -1), 1))
	}
	named := func(name string) record.Metric {
		named := as(m, m.Name+name)
		named.N, named.Clusters = len(outcomes), len(outcomes)
		return named
	}
	metrics := []record.Metric{
		e.share(named(WinShare), wins),
		e.share(named(TieShare), ties),
		e.share(named(LoseShare), losses),
		e.difference(named(WinMinusLose), wins, losses),
		e.signFlip(named(WinMinusLoseP), outcomes),
		detectable(named(WinMinusLoseDetectable), nets),
		e.difference(named(GoodShareDifference), firsts, seconds),
	}
	p := named(GoodShareDifferenceP)
	p.N, p.Clusters = len(goods), len(goods)
	return append(metrics, e.signFlip(p, goods))
}

// signFlip completes a metric with the p value of differences, one a prompt.
func (e estimator) signFlip(m record.Metric, differences []float64) record.Metric {
	p, exact, err := stats.SignFlip(differences, e.seed)
	if err != nil {
		return without(m, "fewer than two prompts")
	}
	test := "two-sided sign-flip test over prompts, exact"
	if !exact {
		test = "two-sided sign-flip test over prompts, 99,999 random flips"
		m.Protocol = with(m.Protocol, "seed", fmt.Sprint(e.seed))
	}
	m.Protocol = with(m.Protocol, "test", test)
	return number(m, p)
}

// DetectablePower is the chance with which the detectable difference is found.
const DetectablePower = 0.8

func detectable(m record.Metric, differences []stats.Cluster) record.Metric {
	smallest, err := stats.Detectable(differences, Significance, DetectablePower)
	if err != nil {
		return without(m, whyNone(err))
	}
	m.Protocol = with(m.Protocol, "design", "one two-sided test at 0.05, before any correction, with power 0.8, paired by prompt")
	return number(m, 100*smallest)
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
