package stage

import (
	"context"
	"errors"
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// importImages reads a folder of images, or a table that somebody else made, and
// writes them as an images table. What it reads must be what was planned: the
// table stands in the store under the digest of that.
func importImages(ctx context.Context, job Job, work *plan.ImportWork) (*Result, error) {
	writer, err := table.NewWriter[table.Image](job.tablePath(plan.Images))
	if err != nil {
		return nil, err
	}
	rows := 0
	var size sizes
	inventory, err := work.Folder.Read(ctx, func(image table.Image) error {
		if err := writer.Write(image); err != nil {
			return err
		}
		rows++
		size.add(image.Image.Bytes)
		job.Report(Progress{Done: rows, Total: work.Images, Unit: "images"})
		return nil
	})
	var mistakes diag.List
	switch {
	case errors.As(err, &mistakes):
		return nil, errors.Join(mistakes, writer.Discard())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("read images: %w", err), writer.Discard())
	case inventory.Digest != work.Digest:
		return nil, errors.Join(diag.Errorf(job.Node.Range, "The images have changed since the run was planned",
			"What %s holds now is not what it held a moment ago. Run again when nothing writes there any more.", work.Folder.Path), writer.Discard())
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: rows, Unit: "images"}
	return result, job.images(result, rows, &size)
}
