package server

import (
	"cmp"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling/queue"
)

// example is an image whose label raters are told.
type example struct {
	category, prompt, image, answer string
}

// splitGold takes at most one good and one bad image of each category out of a question's
// gold, to be shown beside the instructions, where two or more are there, and returns the
// question without them: what raters are told is no check of them, and needs no answer.
func splitGold(asked queue.Asked) ([]example, queue.Asked) {
	if asked.Kind != people.Rate || len(asked.Gold) == 0 {
		return nil, asked
	}
	items := map[string]people.Item{}
	for _, item := range asked.Items {
		items[item.ID] = item
	}
	type label struct{ category, answer string }
	of := map[label][]people.Item{}
	for _, gold := range asked.Gold {
		item, known := items[gold.Item]
		answer := gold.Answers[asked.Aspects[0]]
		if known && (answer == people.Good || answer == people.Bad) {
			at := label{item.Category, answer}
			of[at] = append(of[at], item)
		}
	}
	var examples []example
	shown := map[string]bool{}
	// Categories by name, and the good one first.
	labels := slices.SortedFunc(maps.Keys(of), func(a, b label) int {
		return cmp.Or(cmp.Compare(a.category, b.category), -cmp.Compare(a.answer, b.answer))
	})
	for _, at := range labels {
		if len(of[at]) < 2 {
			continue
		}
		// The first by name, so that it is the same one whatever the order of the file.
		item := slices.MinFunc(of[at], func(a, b people.Item) int { return cmp.Compare(a.ID, b.ID) })
		examples = append(examples, example{at.category, item.Prompt, item.Images[0], at.answer})
		shown[item.ID] = true
	}
	if len(examples) == 0 {
		return nil, asked
	}
	asked.Gold = slices.DeleteFunc(slices.Clone(asked.Gold), func(gold people.Gold) bool { return shown[gold.Item] })
	asked.Items = slices.DeleteFunc(slices.Clone(asked.Items), func(item people.Item) bool { return shown[item.ID] })
	return examples, asked
}
