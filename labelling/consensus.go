package labelling

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling/quality"
)

// Even is the majority of an item on which raters are even.
const Even = "even"

// Consensus is what raters say of an item together, in one aspect.
type Consensus struct {
	Question, Aspect string
	Kind             people.Kind
	Item             string
	Images           []string
	Prompt, Category string
	Answers          int            // skips are not counted
	Skips            int            //
	Said             map[string]int // how many said each word; of rankings nil
	// Majority is what most say, or Even; "" if nobody says anything. Of rankings it is the
	// order of the images by their mean place, from 1, those with the same in the item's.
	Majority string
	// Likeliest is the likeliest answer by quality.DawidSkene, and Chance how likely it is.
	// "" where there is no such consensus: of rankings, where no item has two answers, and
	// where all answers are the same.
	Likeliest string
	Chance    float64
}

// ConsensusOf is what raters say of every item together, by question and aspect, in the
// order of the items' IDs.
func ConsensusOf(questions []people.Question, judgements []people.Judgement) []Consensus {
	var all []Consensus
	for _, question := range questions {
		var own []people.Judgement
		for _, j := range judgements {
			if j.Question == question.Name {
				own = append(own, j)
			}
		}
		t := tallyOf(question, nil, own)
		for _, aspect := range question.Aspects {
			all = append(all, t.together(aspect)...)
		}
	}
	return all
}

// together is what raters say of each item.
func (t tally) together(aspect string) []Consensus {
	all := make([]Consensus, len(t.items))
	for i, item := range t.items {
		all[i] = Consensus{Question: t.question.Name, Aspect: aspect, Kind: t.question.Kind, Item: item.ID, Images: item.Images, Prompt: item.Prompt, Category: item.Category}
		if t.words != nil {
			all[i].Said = map[string]int{}
		}
	}
	places := make([][]int, len(t.items)) // of a ranking's images: sums
	for _, g := range t.given {
		one, said := &all[g.item], g.answers[aspect]
		ranking, ranked := rankingOf(said, len(one.Images))
		switch {
		case said == "":
		case said == people.Skip:
			one.Skips++
		case t.words != nil:
			one.Answers++
			one.Said[said]++
		case ranked:
			one.Answers++
			if places[g.item] == nil {
				places[g.item] = make([]int, len(one.Images))
			}
			for place, image := range ranking {
				places[g.item][image] += place
			}
		}
	}
	if t.words == nil {
		for i := range all {
			all[i].Majority = byMeanPlace(places[i])
		}
		return all
	}
	c := t.consensus(aspect, t.votes(aspect))
	for i, item := range c.items {
		switch {
		case item.answers == 0:
		case item.majority < 0:
			all[i].Majority = Even
		default:
			all[i].Majority = t.words[item.majority]
		}
		if c.model && item.answers > 0 {
			best := likeliest(item.chances)
			all[i].Likeliest, all[i].Chance = t.words[best], item.chances[best]
		}
	}
	return all
}

// byMeanPlace is the order of images by the sum of their places; "" of none.
func byMeanPlace(places []int) string {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	words := make([]string, len(order))
	for i, image := range order {
		words[i] = strconv.Itoa(image + 1)
	}
	return strings.Join(words, ",")
}

// agreed is the consensus on one aspect: of items, or of the pairs of rankings.
type agreed struct {
	items  []agreedItem
	model  bool // there is one by quality.DawidSkene
	raters quality.Consensus
}

type agreedItem struct {
	answers  int
	majority int       // a category; -1: even, or none
	chances  []float64 // of the categories; without a model of no meaning
}

func (t tally) consensus(aspect string, v quality.Votes) agreed {
	a := agreed{items: make([]agreedItem, v.Items)}
	counts := make([][]int, v.Items)
	for i := range counts {
		counts[i] = make([]int, v.Categories)
	}
	for _, vote := range v.All {
		counts[vote.Item][vote.Category]++
		a.items[vote.Item].answers++
	}
	for i, count := range counts {
		most := slices.Max(count)
		a.items[i].majority = slices.Index(count, most)
		if slices.Index(count[a.items[i].majority+1:], most) >= 0 {
			a.items[i].majority = -1
		}
	}
	// Without two answers to anything, nobody's say anything of another's.
	if _, err := quality.Fleiss.Of(v); err != nil {
		return a
	}
	consensus, err := quality.DawidSkene(v, consensusPrior)
	if err != nil {
		return a
	}
	a.model, a.raters = true, consensus
	for i := range a.items {
		a.items[i].chances = consensus.Items[i]
	}
	return a
}
