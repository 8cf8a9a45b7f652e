package stage

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// score has a reward score every image. A score that is no number names its
// image; one score for all images means that the reward has learnt nothing,
// and whatever is trained or chosen by it would be wasted.
func score(ctx context.Context, job Job) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	writer, err := table.NewWriter[table.Score](job.tablePath(plan.Scores))
	if err != nil {
		return nil, err
	}
	total, _ := job.Node.Items()
	reward := job.Node.Instance.Name
	source := newStream(path)
	rows := 0
	lowest, highest := math.Inf(1), math.Inf(-1)
	write := inOrder(func(row table.Score) error { return writer.Write(row) })
	err = job.with(ctx, func(instance Instance) error {
		err := instance.Score(ctx, source.items(ctx), func(position int, value float64) error {
			image, err := source.answered(position)
			if err != nil {
				return err
			}
			if math.IsNaN(value) || math.IsInf(value, 0) {
				return job.mistake(
					fmt.Sprintf("Reward %q scores image %q, prompt %q, with %v", reward, image.ID, image.Prompt, value),
					"A score must be a number. Look at the training curve of the reward's fit stage, if it has one; a lower learning rate usually helps.")
			}
			lowest, highest = min(lowest, value), max(highest, value)
			rows++
			job.Report(Progress{Done: rows, Total: total, Unit: "images"})
			return write.add(position, table.Score{
				ImageID: image.ID, Prompt: image.Prompt, Category: image.Category, Split: image.Split, Score: value,
			})
		})
		if err != nil {
			return err
		}
		_, err = source.finish()
		return err
	})
	switch {
	case err != nil:
	case rows == 0:
		err = job.mistake("No images to score", "The images table is empty.")
	case rows > 1 && lowest == highest:
		err = job.mistake(
			fmt.Sprintf("Reward %q gives all %d images the same score, %g", reward, rows, lowest),
			"It has learnt nothing: training or choosing by it would change nothing. Check that its labels hold both good and bad images "+
				"and that the curve of its fit stage goes down; more labels, more steps or a lower learning rate help.")
	}
	if err != nil {
		return nil, errors.Join(err, writer.Discard())
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: rows, Unit: "images"}
	return result, job.table(result, plan.Scores, rows)
}
