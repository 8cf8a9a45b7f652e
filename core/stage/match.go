package stage

import (
	"context"
	"errors"
	"fmt"

	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// match writes images of a folder as if a model had drawn them for an evaluation's
// prompts: under the names and with the categories and splits of drawn ones, so that
// models are compared with them prompt by prompt.
func match(ctx context.Context, job Job, work *plan.MatchWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	captions, err := table.Captions(ctx, path)
	if err != nil {
		return nil, err
	}
	var prompts []string
	for _, prompt := range work.Prompts {
		prompts = append(prompts, prompt.Text)
	}
	order, err := imagefolder.Match(captions, prompts, work.PerPrompt)
	if err != nil {
		return nil, work.OtherPrompts(job.Node, err)
	}
	of := map[int][]int{} // by the row of an image: the places among all drawn ones that it has
	for n, position := range order {
		of[position] = append(of[position], n)
	}
	writer, err := table.NewWriter[table.Image](job.tablePath(plan.Images))
	if err != nil {
		return nil, err
	}
	drawn := work.Sampled()
	numbers := drawn.Numbers()
	var size sizes
	row, rows := -1, 0
	for image, err := range table.Read[table.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		row++
		for _, n := range of[row] {
			if err != nil {
				break
			}
			as := drawn.Image(n, numbers)
			as.Image.Bytes = image.Image.Bytes
			err = writer.Write(as)
			rows++
			size.add(image.Image.Bytes)
			job.Report(Progress{Done: rows, Total: len(order), Unit: "images"})
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("match images: %w", err), writer.Discard())
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: rows, Unit: "images"}
	return result, job.images(result, rows, &size)
}
