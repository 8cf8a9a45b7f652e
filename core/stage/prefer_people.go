package stage

import (
	"context"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// besides are the items of images that stand side by side in two tables, without those
// that show the same.
func besides(pictures, others []Picture) []people.Item {
	var items []people.Item
	for i, picture := range pictures {
		if i < len(others) && picture.Blind != others[i].Blind {
			items = append(items, itemOf(picture, others[i]))
		}
	}
	return items
}

// preferByPeople makes preferences of what people said of two models' images, whichever
// run they were asked for. The rows of a pair are in the order of the aspects and of the
// raters' names. A pair whose answer is known has that, of people.GoldRater.
func preferByPeople(ctx context.Context, job Job, work *plan.PreferWork) (*Result, error) {
	s, err := job.sides(ctx)
	if err != nil {
		return nil, err
	}
	asking, of := work.People, preferring{work}
	known, err := job.known(asking, nil)
	if err != nil {
		return nil, err
	}
	answers, err := job.answers(asking)
	if err != nil {
		return nil, err
	}
	var items []people.Item
	for _, pair := range s.pairs {
		if !pair.Same() {
			items = append(items, pairItem(pair))
		}
	}
	if err := job.waitForPeople(asking, once(items), known, "pairs"); err != nil {
		return nil, err
	}
	gold := map[string]people.Answers{}
	for _, one := range known {
		gold[one.Item] = one.Answers
	}
	shown := shownFirst(asking)
	var rows []table.Preference
	pairs, reported := 0, 0
	for _, pair := range s.pairs {
		if asking.Reported(pair.This) || asking.Reported(pair.Other) {
			reported++
			continue
		}
		pairs++
		item := pair.Item()
		for _, aspect := range asking.Question.Aspects {
			if pair.Same() {
				row := of.alike(pair)
				row.Aspect = aspect
				rows = append(rows, row)
				continue
			}
			add := func(rater, choice string) {
				row := of.row(pair)
				row.Aspect, row.Rater, row.Choice, row.First = aspect, rater, people.Skip, of.first(pair, shown[item][rater])
				if choice != people.Skip {
					row.Choice = preferred(sdk.Choice(choice), pair.This < pair.Other)
				}
				rows = append(rows, row)
			}
			if said, ok := gold[item]; ok {
				if choice := said[aspect]; choice != "" {
					add(people.GoldRater, choice)
				}
				continue
			}
			for _, rater := range answers.raters(item) {
				add(rater, answers[item][rater][aspect])
			}
		}
	}
	if len(rows) == 0 {
		return nil, diag.Errorf(job.Node.Range, "No pairs are left", "All of the pairs have an image that was reported as unsafe. Draw others, or look at the reports on the experimenter's page: an image that is harmless can be taken back.")
	}
	if err := table.WriteAll(job.tablePath(plan.Preferences), rows); err != nil {
		return nil, err
	}
	result := &Result{Items: pairs, Unit: "pairs", Facts: preferenceFacts(rows), Warnings: leftOut(reported, "pairs")}
	return result, job.table(result, plan.Preferences, len(rows))
}

// shownFirst says of each item and rater which image stood first, to the left.
func shownFirst(asking *plan.Asking) map[string]map[string]string {
	shown := map[string]map[string]string{}
	for _, judgement := range asking.Judgements() {
		if len(judgement.Shown) == 0 {
			continue
		}
		if shown[judgement.Item] == nil {
			shown[judgement.Item] = map[string]string{}
		}
		shown[judgement.Item][judgement.Rater] = judgement.Shown[0]
	}
	return shown
}

// first is which model's image an image is; empty if it is none of the pair's.
func (w preferring) first(pair labels.BlindPair, image string) string {
	switch image {
	case pair.This:
		return w.Model
	case pair.Other:
		return w.Versus
	}
	return ""
}

// pairItem is a pair as people are asked about it.
func pairItem(pair labels.BlindPair) people.Item {
	images := []string{pair.This, pair.Other}
	slices.Sort(images)
	return people.Item{ID: pair.Item(), Images: images, Prompt: pair.Image.Prompt, Category: pair.Image.Category}
}
