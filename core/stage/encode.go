package stage

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// encode turns images into vectors.
func encode(ctx context.Context, job Job) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	writer, err := table.NewWriter[table.Feature](job.tablePath(plan.Features))
	if err != nil {
		return nil, err
	}
	total, _ := job.Node.Items()
	source := newStream(path)
	rows, width := 0, 0
	write := inOrder(func(row table.Feature) error { return writer.Write(row) })
	err = job.with(ctx, func(instance Instance) error {
		err := instance.EncodeImages(ctx, source.items(ctx), func(position int, vector []float32) error {
			image, err := source.answered(position)
			if err != nil {
				return err
			}
			if width == 0 {
				width = len(vector)
			}
			if len(vector) == 0 || len(vector) != width {
				return fmt.Errorf("image %q: a vector of %d numbers among vectors of %d", image.ID, len(vector), width)
			}
			for _, value := range vector {
				if v := float64(value); math.IsNaN(v) || math.IsInf(v, 0) {
					return job.mistake(
						fmt.Sprintf("Encoder %q gives image %q, prompt %q, a vector with %v in it", job.Node.Instance.Name, image.ID, image.Prompt, value),
						"Its weights are damaged, or its fit has diverged.")
				}
			}
			rows++
			job.Report(Progress{Done: rows, Total: total, Unit: "images"})
			return write.add(position, table.Feature{ImageID: image.ID, Vector: vector})
		})
		if err != nil {
			return err
		}
		_, err = source.finish()
		return err
	})
	if err == nil && rows == 0 {
		err = job.mistake("No images to encode", "The images table is empty.")
	}
	if err != nil {
		return nil, errors.Join(err, writer.Discard())
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: rows, Unit: "images"}
	return result, job.table(result, plan.Features, rows)
}
