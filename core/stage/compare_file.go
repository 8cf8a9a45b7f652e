package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// compareFromFile reads choices that people made outside of Plumb.
func compareFromFile(ctx context.Context, job Job, work *plan.CompareWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	err = job.waitForFile(work.Path, "comparisons", job.imagesStage(),
		"Put a CSV or Parquet file there with the columns first, second (IDs of two images of one prompt) and choice (first, second or tie)")
	if err != nil {
		return nil, err
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return nil, err
	}
	comparisons, problems := labels.ImportComparisons(work.Path, table.ByID(images))
	if err := job.waitForAnswers(work.Path, job.imagesStage(), problems); err != nil {
		return nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if err := table.WriteAll(job.tablePath(plan.Comparisons), comparisons); err != nil {
		return nil, err
	}
	counted, pairs := countByPair(comparisons)
	result := &Result{Items: pairs, Unit: "pairs", Facts: counted.facts(), Warnings: warningsOf(work.Path, problems)}
	return result, job.table(result, plan.Comparisons, len(comparisons))
}

// imagesStage names the stage that makes the images.
func (j Job) imagesStage() string {
	if input, ok := j.Node.Input(plan.Images); ok && input.Node != nil {
		return input.Node.Label
	}
	return "STAGE"
}

// countByPair counts choices whose rows of one pair may stand anywhere, with
// either image first. It returns how many pairs there are, too.
func countByPair(comparisons []table.Comparison) (choiceCounts, int) {
	at := map[string]int{}
	var pairs [][]table.Comparison
	for _, row := range comparisons {
		id := pairID(row.First, row.Second)
		n, known := at[id]
		if !known {
			n = len(pairs)
			at[id], pairs = n, append(pairs, nil)
		}
		pairs[n] = append(pairs[n], row)
	}
	var counted choiceCounts
	for _, rows := range pairs {
		counted.add(rows)
	}
	return counted, len(pairs)
}
