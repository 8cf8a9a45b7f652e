package labelling

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/labelling/quality"
)

// Status is how far a question is, and what its answers are worth.
type Status struct {
	Question string           `json:"question"`
	Kind     people.Kind      `json:"kind"`
	Progress *people.Progress `json:"progress,omitempty"` // nil: nobody knows yet what items there are
	Answers  int              `json:"answers"`            // that count, skips included
	Skips    int              `json:"skips"`              // of them
	Items    int              `json:"items"`              // with an answer
	Prompts  int              `json:"prompts"`            // of these items
	Aspects  []AspectStatus   `json:"aspects"`
	// Together is how many raters of equally many answers would weigh as these do.
	Together float64       `json:"effective_raters"`
	Raters   []RaterStatus `json:"raters"`           // by name
	Doubts   []string      `json:"doubts,omitempty"` // about the answers as a whole
}

// AspectStatus is what the answers to one aspect are worth. What is ranked counts as its
// pairs: of each two images of an item, which is before the other.
type AspectStatus struct {
	Aspect string `json:"aspect"`
	// Agreement beyond chance; Cohen is there if there are two raters.
	Krippendorff Number  `json:"krippendorff_alpha"`
	Fleiss       Number  `json:"fleiss_kappa"`
	Cohen        *Number `json:"cohen_kappa,omitempty"`
	// Of the Judged items, which have an answer that is no skip: how many most raters say
	// what of (good, bad; first, second, tie), or are Even on.
	Judged   int            `json:"judged"`
	Majority map[string]int `json:"majority"`
	Even     int            `json:"even"`
	// Consensus is the same by the likeliest answer of quality.DawidSkene; nil: no item has
	// two answers, or all answers are the same.
	Consensus map[string]int `json:"consensus"`
	Order     *OrderStatus   `json:"order,omitempty"` // nil: it is not known what stood where
}

// OrderStatus is whether what stands first on the screen fares better: see
// quality.OrderEffect.
type OrderStatus struct {
	First      float64  `json:"first"` // share that is chosen, or good, of what stands first
	Rest       float64  `json:"rest"`  // and of all else
	Answers    int      `json:"answers"`
	Difference Number   `json:"difference"` // First - Rest
	P          *float64 `json:"p_value"`
}

// Number is a number with its 95 % interval over prompts, or why there is none.
type Number struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	Note  string   `json:"note,omitempty"`
}

// RaterStatus is a rater beside the others.
type RaterStatus struct {
	Name    string             `json:"rater"`
	Answers int                `json:"answers"` // that count, skips included
	Skips   int                `json:"skips"`
	Share   float64            `json:"share"`             // of all answers
	Given   map[string]float64 `json:"given"`             // shares of good and bad, or first, second and tie; none of rankings
	Moves   *float64           `json:"moves,omitempty"`   // images rated good: the share with this rater less that without
	Seconds *float64           `json:"seconds,omitempty"` // an item at the median
	Fast    int                `json:"too_fast"`          // answers that came faster than one can see
	// Agrees is the share of answers that agree with the majority of the other raters, of
	// Compared answers on which they have one, and Others the same of all other raters.
	Agrees    Number    `json:"agrees"`
	Others    *float64  `json:"others_agree"`
	Compared  int       `json:"compared"`
	Accuracy  *float64  `json:"accuracy"` // by the consensus
	Gold      *Checks   `json:"gold,omitempty"`
	Attention *Checks   `json:"attention,omitempty"`
	Again     *Checks   `json:"again,omitempty"` // answers to the same item that are the same
	Doubts    []string  `json:"doubts,omitempty"`
	Last      time.Time `json:"last,omitzero"` // answer
}

// Checks are answers that are right or wrong, with the share of the right ones.
type Checks struct {
	Right int    `json:"right"`
	Of    int    `json:"of"`
	Share Number `json:"share"`
}

const (
	// consensusPrior is added to the count of each answer of each rater: one who answered
	// ten times is not taken for infallible.
	consensusPrior = 1
	// mostOfOne is the share of all answers that one of several raters may give.
	mostOfOne = 0.5
	// fewestForDominance is how many answers there are before anybody dominates them.
	fewestForDominance = 20
	orderSeed          = 1
)

// StatusOf describes the questions of an experiment by the judgements that stand.
// items are by the name of the question; of one that has none there is no progress, but
// all else. reported are images that were reported as unsafe.
func StatusOf(questions []people.Question, items map[string][]people.Item, judgements []people.Judgement, reported map[string]bool) []Status {
	of := map[string][]people.Judgement{}
	for _, j := range judgements {
		of[j.Question] = append(of[j.Question], j)
	}
	all := make([]Status, len(questions))
	for i, question := range questions {
		all[i] = statusOf(question, items[question.Name], of[question.Name])
		if asked, known := items[question.Name]; known {
			progress := people.ProgressOf(question, asked, of[question.Name], reported)
			all[i].Progress = &progress
		}
	}
	return all
}

func statusOf(question people.Question, items []people.Item, judgements []people.Judgement) Status {
	s := Status{Question: question.Name, Kind: question.Kind}
	t := tallyOf(question, items, judgements)
	s.Items, s.Prompts = len(t.items), len(t.strata)
	numbers := make([]int, len(t.names))
	for r, rater := range t.raters {
		numbers[r] = rater.answers
		s.Answers, s.Skips = s.Answers+rater.answers, s.Skips+rater.skips
	}
	s.Together = quality.EffectiveRaters(numbers)
	s.Raters = make([]RaterStatus, len(t.names))
	conduct := make([]quality.Conduct, len(t.names))
	for r, rater := range t.raters {
		conduct[r] = rater.conduct
		s.Raters[r] = rater.status(t.names[r], s.Answers)
	}
	accuracy, weight := make([]float64, len(t.names)), make([]float64, len(t.names))
	for _, aspect := range question.Aspects {
		s.Aspects = append(s.Aspects, t.aspect(aspect, accuracy, weight))
	}
	if together := t.pooled(); len(together.All) > 0 {
		consensus, err := quality.DawidSkene(together, consensusPrior)
		if err == nil {
			for r, rater := range quality.Raters(together, consensus, stats.Level) {
				s.Raters[r].beside(rater, t.words)
				if weight[r] > 0 {
					mean := accuracy[r] / weight[r]
					s.Raters[r].Accuracy = &mean
				}
			}
		}
		if question.Kind == people.Rate {
			all, without, known := quality.Without(together, 0)
			for r := range s.Raters {
				if known[r] && s.Raters[r].Answers > s.Raters[r].Skips {
					moves := all - without[r]
					s.Raters[r].Moves = &moves
				}
			}
		}
	}
	for r, doubts := range quality.Doubts(conduct, stats.Level) {
		s.Raters[r].Doubts = append(s.Raters[r].Doubts, doubts...)
	}
	s.Doubts = s.doubts()
	return s
}

// doubts are those about all answers together.
func (s Status) doubts() (doubts []string) {
	for _, rater := range s.Raters {
		if len(s.Raters) > 2 && s.Answers >= fewestForDominance && rater.Share > mostOfOne {
			doubts = append(doubts, fmt.Sprintf("%.0f %% of the answers are of %s: what comes out is mostly what one person says", 100*rater.Share, rater.Name))
		}
	}
	for _, aspect := range s.Aspects {
		if o := aspect.Order; o != nil && o.P != nil && *o.P < 1-stats.Level {
			chosen := "chosen"
			if s.Kind == people.Rate {
				chosen = "good"
			}
			doubts = append(doubts, fmt.Sprintf("%s: what stands first is %s in %.0f %%, all else in %.0f %%; p = %.2g that the order does not matter", aspect.Aspect, chosen, 100*o.First, 100*o.Rest, *o.P))
		}
	}
	return doubts
}

// aspect describes the answers to one aspect, and adds how right each rater is by the
// consensus to accuracy, weighted by answers.
func (t tally) aspect(aspect string, accuracy, weight []float64) AspectStatus {
	v := t.votes(aspect)
	s := AspectStatus{Aspect: aspect, Majority: map[string]int{}}
	s.Krippendorff, s.Fleiss = number(v, quality.Krippendorff), number(v, quality.Fleiss)
	if len(t.names) == 2 {
		cohen := number(v, quality.Cohen(0, 1))
		s.Cohen = &cohen
	}
	all := t.consensus(aspect, v)
	if all.model && t.words != nil {
		s.Consensus = map[string]int{}
	}
	for _, item := range all.items {
		if item.answers == 0 {
			continue
		}
		s.Judged++
		switch {
		case item.majority < 0:
			s.Even++
		case t.words != nil:
			s.Majority[t.words[item.majority]]++
		}
		if all.model && t.words != nil {
			s.Consensus[t.words[likeliest(item.chances)]]++
		}
	}
	if all.model {
		for _, vote := range v.All {
			accuracy[vote.Rater] += all.raters.Accuracy(vote.Rater)
			weight[vote.Rater]++
		}
	}
	if effect, known := quality.Order(t.placed[aspect], t.strata, stats.Level, orderSeed); known {
		order := OrderStatus{First: effect.First, Rest: effect.Rest, Answers: effect.Answers, Difference: Number{Note: effect.Why}}
		difference := effect.First - effect.Rest
		order.Difference.Value = &difference
		if effect.Difference != nil {
			order.Difference.Value, order.Difference.Low, order.Difference.High = &effect.Difference.Value, &effect.Difference.Low, &effect.Difference.High
			order.P = &effect.P
		}
		s.Order = &order
	}
	return s
}

// beside fills in how the rater answers beside the others.
func (s *RaterStatus) beside(rater quality.Rater, words []string) {
	s.Compared, s.Doubts, s.Agrees.Note = rater.Items, rater.Doubts, rater.Why
	if rater.Answers > 0 && words != nil {
		s.Given = map[string]float64{}
		for k, word := range words {
			s.Given[word] = rater.Shares[k]
		}
	}
	if rater.Alike != nil {
		s.Agrees.Value, s.Others = &rater.Alike.Value, &rater.Others.Value
		if rater.Why == "" {
			s.Agrees.Low, s.Agrees.High = &rater.Alike.Low, &rater.Alike.High
		}
	}
}

// status is what a rater does, apart from all others.
func (r raterTally) status(name string, all int) RaterStatus {
	s := RaterStatus{Name: name, Answers: r.answers, Skips: r.skips, Fast: quality.Fast(r.conduct.Durations), Last: r.last}
	if all > 0 {
		s.Share = float64(r.answers) / float64(all)
	}
	if len(r.conduct.Durations) > 0 {
		seconds := quality.Median(r.conduct.Durations).Seconds()
		s.Seconds = &seconds
	}
	for _, one := range []struct {
		to     **Checks
		checks []quality.Check
	}{{&s.Gold, r.conduct.Gold}, {&s.Attention, r.conduct.Attention}, {&s.Again, r.conduct.Again}} {
		if c := quality.CheckedBy(one.checks, stats.Level); c.Share != nil {
			*one.to = &Checks{Right: c.Right, Of: c.Of, Share: Number{Value: &c.Share.Value, Low: &c.Share.Low, High: &c.Share.High}}
		}
	}
	return s
}

func number(v quality.Votes, of quality.Measure) Number {
	whole, err := of.Of(v)
	if err != nil {
		return Number{Note: err.Error()}
	}
	n := Number{Value: &whole.Value}
	interval, err := of.Interval(v, stats.Level)
	if err != nil {
		n.Note = "no interval: " + err.Error()
		return n
	}
	n.Low, n.High = &interval.Low, &interval.High
	return n
}

// sortedKeys are the keys of a map, in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
