package quality

import "errors"

// Vote is an answer of a rater to an item. Items, raters and categories count from 0.
// A rater who answers an item again has several votes on it.
type Vote struct {
	Item, Rater, Category int
}

// Votes are all answers to some items.
type Votes struct {
	Items, Raters, Categories int
	All                       []Vote
	// Clusters and Strata are, by item, the prompt that it is of, and, by cluster, the
	// stratum in which the prompt was drawn. Intervals need them.
	Clusters []int
	Strata   []int
}

// Reasons why a number cannot be had.
var (
	// ErrAlone means that no item has answers of two raters.
	ErrAlone = errors.New("nothing has two answers")
	// ErrOneCategory means that all answers are the same: chance alone would agree.
	ErrOneCategory = errors.New("all answers are the same")
)

// counts are, by item, how many answers are of each category.
func (v Votes) counts() [][]float64 {
	all := make([][]float64, v.Items)
	for i := range all {
		all[i] = make([]float64, v.Categories)
	}
	for _, vote := range v.All {
		all[vote.Item][vote.Category]++
	}
	return all
}

// byItem are the votes on each item.
func (v Votes) byItem() [][]Vote {
	all := make([][]Vote, v.Items)
	for _, vote := range v.All {
		all[vote.Item] = append(all[vote.Item], vote)
	}
	return all
}

// of are the votes of one rater, by item; the last one counts.
func (v Votes) of(rater int) map[int]int {
	own := map[int]int{}
	for _, vote := range v.All {
		if vote.Rater == rater {
			own[vote.Item] = vote.Category
		}
	}
	return own
}
