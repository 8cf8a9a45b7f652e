package stage

import (
	"context"
	"iter"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// pass is one pass of a table of images through an instance: what is asked of
// each image, and the table that the answers become.
type pass[Answer, Row any] struct {
	role  string                   // of the table that is made
	total int                      // images to ask, for the progress; 0: not known
	keep  func(position int) bool  // images to ask, by their place in the table; nil: all
	fill  func(*client.Item) error // adds what else is sent of an image; nil: nothing
	see   func(row Row)            // told of every row of the table; nil: nobody is
	check func(images int) error   // a look at all answers before their table counts; nil: none

	ask  func(instance *client.Instance, ctx context.Context, items iter.Seq2[client.Item, error], emit func(position int, answer Answer) error) error
	rows func(image table.Image, answer Answer) []Row
}

// each makes a pass over the job's images with an instance of its own.
func each[Answer, Row any](ctx context.Context, job Job, p pass[Answer, Row]) (result *Result, err error) {
	err = job.with(ctx, func(instance *client.Instance) error {
		result, err = p.over(ctx, job, instance)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// over makes the pass. Rows are in the order of the images, whatever order the answers
// come in. Answers are kept as they come: a stage that was killed, or whose plugin was,
// asks about the images that are left. A table without an image to ask is a mistake:
// nothing could be said about it.
func (p pass[Answer, Row]) over(ctx context.Context, job Job, instance *client.Instance) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	result := &Result{Unit: "images", Facts: instance.Facts()}
	source := &stream{
		path: path, pixels: job.Node.Instance.Identity.DoesRead(schema.ReadPixels), keep: p.keep, fill: p.fill,
		waiting: map[int]table.Image{},
	}
	rows, err := writeKept(job, p.role, result.Unit, p.see, func(skip int, add func(position int, rows ...Row) error) error {
		source.skip, result.Items = skip, skip
		if skip > 0 {
			job.Report(Progress{Done: skip, Total: p.total, Unit: result.Unit})
		}
		err := p.ask(instance, ctx, source.items(ctx), func(position int, answer Answer) error {
			result.Items++
			job.Report(Progress{Done: result.Items, Total: p.total, Unit: result.Unit})
			return add(position, p.rows(source.answered(position), answer)...)
		})
		switch {
		case err != nil:
			return err
		case result.Items == 0:
			return job.noImages()
		case p.check != nil:
			return p.check(result.Items)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return result, job.table(result, p.role, rows)
}

// noImages is the mistake of a stage whose images table is empty.
func (job Job) noImages() error {
	verb := map[record.Kind]string{record.KindRate: "label"}[job.Node.Kind]
	if verb == "" {
		verb = string(job.Node.Kind)
	}
	return diag.Errorf(job.Node.Range, "No images to "+verb, "The images table is empty.")
}
