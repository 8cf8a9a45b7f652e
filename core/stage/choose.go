package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// choose keeps some images of each prompt: the best by score, or as many by
// chance. Equal scores fall to the image that was drawn first.
func choose(ctx context.Context, job Job, work *plan.ChooseWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return nil, err
	}
	order := byPriority(images, job.Node.Seed)
	if work.How == plan.ChooseBest {
		if order, err = byScore(job, images); err != nil {
			return nil, err
		}
	}
	kept := keepOfEach(images, order, work.Keep)

	writer, err := table.NewWriter[table.Image](job.tablePath(plan.Images))
	if err != nil {
		return nil, err
	}
	row, rows := -1, 0
	var size sizes
	for image, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if row++; err == nil && kept[row] {
			rows++
			size.add(image.Image.Bytes)
			err = writer.Write(image)
			job.Report(Progress{Done: rows, Total: work.Images, Unit: "images"})
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("choose images: %w", err), writer.Discard())
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: rows, Unit: "images"}
	return result, job.images(result, rows, &size)
}

// byScore lists positions of images, best first.
func byScore(job Job, images []table.Image) ([]int, error) {
	path, err := job.input(plan.Scores)
	if err != nil {
		return nil, err
	}
	scores, err := scoresOf(images, path)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(images))
	for i := range images {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b].Score, scores[a].Score) })
	return order, nil
}

// keepOfEach keeps the first images of each prompt in an order.
func keepOfEach(images []table.Image, order []int, keep int) []bool {
	taken := map[samePrompt]int{}
	kept := make([]bool, len(images))
	for _, position := range order {
		at := promptOf(images[position])
		if taken[at] < keep {
			taken[at]++
			kept[position] = true
		}
	}
	return kept
}
