package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
	if _, err := os.Stat(work.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, job.waiting("There are no comparisons yet in "+work.Path, fmt.Sprintf(
			"The images are drawn: `plumb export %s %s DIRECTORY --label-sheet` writes them as PNG files, with their IDs in its "+labels.Sheet+". "+
				"Put a CSV or Parquet file there with the columns first, second (IDs of two images of one prompt) and choice (first, second or tie), and run again.",
			cmp.Or(filepath.Base(job.Node.Range.File), "FILE"), job.imagesStage()))
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return nil, err
	}
	comparisons, problems := labels.ImportComparisons(work.Path, table.ByID(images))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if err := table.WriteAll(job.tablePath(plan.Comparisons), comparisons); err != nil {
		return nil, err
	}
	counted, pairs := countByPair(comparisons)
	result := &Result{Items: pairs, Unit: "pairs", Facts: counted.facts()}
	for _, problem := range problems {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%s: %s. %s", filepath.Base(work.Path), problem.Summary, problem.Detail))
	}
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
