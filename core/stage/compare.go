package stage

import (
	"context"
	"maps"
	"strconv"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// compare makes comparisons: by a rater, by people, from a file, or of labels.
func compare(ctx context.Context, job Job, work *plan.CompareWork) (*Result, error) {
	switch {
	case work.People != nil:
		return compareByPeople(ctx, job, work)
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
		return nil, noPairs(job)
	}
	source := pairStream{path: path, pairs: pairs, ids: make([]string, len(images))}
	for i, image := range images {
		source.ids[i] = image.ID
	}
	result := &Result{Items: len(pairs), Unit: "pairs", Facts: map[string]float64{}}
	var comparisons []table.Comparison
	see := func(row table.Comparison) { comparisons = append(comparisons, row) }
	err = job.with(ctx, func(instance *client.Instance) (err error) {
		maps.Copy(result.Facts, instance.Facts())
		_, err = writeKept(job, plan.Comparisons, result.Unit, see, func(skip int, add func(position int, rows ...table.Comparison) error) error {
			source.skip = skip
			done := skip
			if skip > 0 {
				job.Report(Progress{Done: done, Total: len(pairs), Unit: result.Unit})
			}
			return instance.Compare(ctx, source.items(ctx, job.Scratch), func(position int, choices []sdk.Choice) error {
				done++
				job.Report(Progress{Done: done, Total: len(pairs), Unit: result.Unit})
				pair := pairs[skip+position]
				first, second := images[pair.first], images[pair.second]
				rows := make([]table.Comparison, len(choices))
				for rater, choice := range choices {
					rows[rater] = table.Comparison{
						First: first.ID, Second: second.ID, Prompt: first.Prompt, Category: first.Category, Split: first.Split,
						Rater: strconv.Itoa(rater + 1), Choice: string(choice),
					}
				}
				return add(position, rows...)
			})
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	counted, _ := countByPair(comparisons)
	maps.Copy(result.Facts, counted.facts())
	return result, job.table(result, plan.Comparisons, len(comparisons))
}
