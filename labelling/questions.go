package labelling

import (
	"strings"

	"github.com/plumb-ml/plumb/core/people"
)

// QuestionsOf tells by judgements which questions they answer, where the experiment is not
// at hand: what kind they are, and about which aspects. How many raters are asked, and
// what is known, the judgements do not say.
func QuestionsOf(judgements []people.Judgement) []people.Question {
	of := map[string]*people.Question{}
	aspects := map[string]map[string]bool{}
	for _, j := range judgements {
		q := of[j.Question]
		if q == nil {
			q = &people.Question{Name: j.Question, Kind: people.Compare, Raters: 1, Together: 1}
			of[j.Question], aspects[j.Question] = q, map[string]bool{}
		}
		if len(j.Images) == 1 {
			q.Kind = people.Rate
		} else if len(j.Images) > 2 {
			q.Kind = people.Rank
		}
		for aspect, said := range j.Answers {
			aspects[j.Question][aspect] = true
			if strings.Contains(said, ",") {
				q.Kind = people.Rank // of two
			}
		}
	}
	var all []people.Question
	for _, name := range sortedKeys(of) {
		q := of[name]
		q.Aspects = sortedKeys(aspects[name])
		all = append(all, *q)
	}
	return all
}
