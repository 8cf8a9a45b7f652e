package stage

import (
	"context"
	"maps"
	"strconv"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// compare makes comparisons: by a rater, from a file, or of labels.
func compare(ctx context.Context, job Job, work *plan.CompareWork) (*Result, error) {
	switch {
	case work.Path != "":
		return compareFromFile(ctx, job, work)
	case job.Node.Instance == nil:
		return compareByLabels(ctx, job, work)
	}
	return compareByRater(ctx, job, work)
}

// compareByRater has a rater choose between two images of a prompt, for some pairs
// of each prompt. The rater sees the prompt and the pixels of the two, and not
// which image of the table is which.
func compareByRater(ctx context.Context, job Job, work *plan.CompareWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return nil, err
	}
	pairs, err := choosePairs(ctx, images, ofEachPrompt(images), work.PerPrompt, job.Node.Seed)
	if err != nil {
		return nil, err
	}
	if len(pairs) == 0 {
		return nil, diag.Errorf(job.Node.Range, "No two images of one prompt",
			"Images are compared with others of their prompt, and every prompt has one image. Draw several images a prompt (per_prompt), or take a folder whose captions repeat.")
	}
	source := pairStream{path: path, pairs: pairs, ids: make([]string, len(images))}
	for i, image := range images {
		source.ids[i] = image.ID
	}
	done := 0
	var counted choiceCounts
	facts := map[string]float64{}
	rows, err := writeAnswers(job.tablePath(plan.Comparisons), func(add func(position int, rows ...table.Comparison) error) error {
		return job.with(ctx, func(instance *client.Instance) error {
			maps.Copy(facts, instance.Facts())
			return instance.Compare(ctx, source.items(ctx, job.Scratch), func(position int, choices []sdk.Choice) error {
				first, second := images[pairs[position].first], images[pairs[position].second]
				comparisons := make([]table.Comparison, len(choices))
				for rater, choice := range choices {
					comparisons[rater] = table.Comparison{
						First: first.ID, Second: second.ID, Prompt: first.Prompt, Category: first.Category, Split: first.Split,
						Rater: strconv.Itoa(rater + 1), Choice: string(choice),
					}
				}
				counted.add(comparisons)
				done++
				job.Report(Progress{Done: done, Total: len(pairs), Unit: "pairs"})
				return add(position, comparisons...)
			})
		})
	})
	if err != nil {
		return nil, err
	}
	maps.Copy(facts, counted.facts())
	result := &Result{Items: len(pairs), Unit: "pairs", Facts: facts}
	return result, job.table(result, plan.Comparisons, rows)
}
