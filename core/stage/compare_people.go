package stage

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// pairsOf are the pairs of a table's images that are compared: those that a rater would
// be asked about.
func pairsOf(ctx context.Context, node *plan.Node, work *plan.CompareWork, pictures []Picture) ([]pair, error) {
	images := captions(pictures)
	return choosePairs(ctx, images, ofEachPrompt(images), work.PerPrompt, node.Seed)
}

// pairsAmong are the items of two images of a table whose choice is known.
func pairsAmong(known []people.Gold, pictures []Picture) []people.Item {
	if len(known) == 0 {
		return nil
	}
	wanted := map[string]bool{}
	for _, gold := range known {
		wanted[gold.Item] = true
	}
	var items []people.Item
	for _, prompt := range ofEachPrompt(captions(pictures)) {
		for n, i := range prompt.one {
			for _, j := range prompt.one[n+1:] {
				if item := itemOf(pictures[i], pictures[j]); wanted[item.ID] {
					items = append(items, item)
				}
			}
		}
	}
	return items
}

// compareByPeople makes comparisons of what people said of pairs of images, whichever
// run they were asked for: a pair has the judgements of what it shows. A skip makes no
// row. The table's rows are in the order of the pairs, those of a pair in the order of
// the raters' names; the first image is one of the two by chance, as with a rater, and
// not the one that somebody saw on the left.
func compareByPeople(ctx context.Context, job Job, work *plan.CompareWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	asking := work.People
	pictures, err := Pictures(ctx, path)
	if err != nil {
		return nil, err
	}
	known, err := job.known(asking, pictures)
	if err != nil {
		return nil, err
	}
	pairs, err := pairsOf(ctx, job.Node, work, pictures)
	if err != nil {
		return nil, err
	}
	items, err := Items(ctx, job.Node, About{Pictures: pictures, Known: known})
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, noPairs(job)
	}
	answers, err := job.answers(asking)
	if err != nil {
		return nil, err
	}
	if err := job.waitForPeople(asking, items, known, "pairs"); err != nil {
		return nil, err
	}
	drawn := map[string]bool{}
	for _, pair := range pairs {
		drawn[itemOf(pictures[pair.first], pictures[pair.second]).ID] = true
	}
	choices := map[string]string{}
	for _, gold := range known {
		choices[gold.Item] = gold.Answers[people.Alignment]
	}
	pairs = append(pairs, knownPairs(choices, drawn, pictures)...)

	var rows []table.Comparison
	var reported, alike, skipped, counted int
	for _, pair := range pairs {
		first, second := pictures[pair.first], pictures[pair.second]
		item := itemOf(first, second)
		switch {
		case first.Blind == second.Blind:
			alike++
			continue
		case asking.Reported(first.Blind) || asking.Reported(second.Blind):
			reported++
			continue
		}
		before := len(rows)
		add := func(rater, choice string) {
			if choice == people.Skip {
				return
			}
			if item.Images[0] != first.Blind {
				choice = otherWay(choice)
			}
			rows = append(rows, table.Comparison{
				First: first.ID, Second: second.ID, Prompt: first.Prompt, Category: first.Category, Split: first.Split, Rater: rater, Choice: choice,
			})
		}
		if choice, ok := choices[item.ID]; ok {
			add(people.GoldRater, choice)
		} else {
			for _, rater := range answers.raters(item.ID) {
				add(rater, answers[item.ID][rater][people.Alignment])
			}
		}
		if len(rows) > before {
			counted++
		} else {
			skipped++
		}
	}
	if len(rows) == 0 {
		return nil, diag.Errorf(job.Node.Range, "No comparisons are left", "Of %d pairs, %d were skipped by all, and %d have an image that was reported as unsafe. Draw other images, or ask more people.", len(pairs), skipped, reported)
	}
	if err := table.WriteAll(job.tablePath(plan.Comparisons), rows); err != nil {
		return nil, err
	}
	facts, _ := countByPair(rows)
	result := &Result{Items: counted, Unit: "pairs", Facts: facts.facts(), Warnings: leftOut(reported, "pairs")}
	if alike > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("The two images of %d pairs show the same. Nobody was asked about them, and they are left out.", alike))
	}
	if skipped > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%d pairs were skipped by all who saw them. They are left out.", skipped))
	}
	return result, job.table(result, plan.Comparisons, len(rows))
}

// knownPairs are the pairs whose choice is known and that were not drawn.
func knownPairs(choices map[string]string, drawn map[string]bool, pictures []Picture) []pair {
	if len(choices) == 0 {
		return nil
	}
	var pairs []pair
	for _, prompt := range ofEachPrompt(captions(pictures)) {
		for n, i := range prompt.one {
			for _, j := range prompt.one[n+1:] {
				id := itemOf(pictures[i], pictures[j]).ID
				if _, known := choices[id]; known && !drawn[id] {
					drawn[id] = true
					pairs = append(pairs, pair{i, j})
				}
			}
		}
	}
	return pairs
}

// noPairs is the error of a stage that has nothing to compare.
func noPairs(job Job) error {
	return diag.Errorf(job.Node.Range, "No two images of one prompt",
		"Images are compared with others of their prompt, and every prompt has one image. Draw several images a prompt (per_prompt), or take a folder whose captions repeat.")
}
