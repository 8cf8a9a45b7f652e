package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// partImages is how many images a part holds at least. A killed stage loses
// the images of one part.
const partImages = 64

// sample draws images. They are drawn in parts that wait in the scratch
// directory until all are there; a stage that is asked again draws only the
// parts that are missing.
func sample(ctx context.Context, job Job, work *plan.SampleWork) (*Result, error) {
	total := len(work.Prompts) * work.PerPrompt
	if total == 0 {
		return nil, diag.Errorf(job.Node.Range, "No images to draw", "The prompts are empty after their split and limit, or per_prompt is 0.")
	}
	size := partImages
	if batch := job.Node.Instance.Identity.PreferredBatch; batch > 0 {
		size = (partImages + batch - 1) / batch * batch // whole batches
	}
	numbers := work.Numbers()
	var parts []string // of each its sealed file; empty: it is to be drawn
	missing := false
	for start := 0; start < total; start += size {
		part, err := job.taken(partPath(job.Scratch, size, start), fmt.Sprintf("Images %d to %d, which were drawn before, are", start+1, min(start+size, total)))
		if err != nil {
			return nil, err
		}
		parts, missing = append(parts, part), missing || part == ""
	}
	draw := func(instance *client.Instance) error {
		for i, part := range parts {
			start := i * size
			end := min(start+size, total)
			if part != "" {
				job.Report(Progress{Done: end, Total: total, Unit: "images"})
				continue
			}
			path := partPath(job.Scratch, size, start)
			err := job.drawPart(ctx, instance, work, numbers, start, end, total, path)
			if err == nil {
				err = sealed.Seal(path)
			}
			if err == nil {
				parts[i], err = sealed.Find(path)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if missing {
		if err := job.with(ctx, draw); err != nil {
			return nil, err
		}
	}
	return job.joinParts(ctx, parts, total)
}

func partPath(scratch string, size, start int) string {
	return filepath.Join(scratch, fmt.Sprintf("images-%d-%d.parquet", size, start))
}

// DrawnParts lists the images tables in the scratch directory of a stage that draws, or
// of one that was stopped while it drew, in order: those parts that are whole. They are
// only read, and may go when the stage ends.
func DrawnParts(scratch string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(scratch, "images-*-*.parquet.*"))
	if err != nil {
		return nil, err
	}
	start := func(name string) int {
		var size, start int
		if _, err := fmt.Sscanf(filepath.Base(name), "images-%d-%d.parquet", &size, &start); err != nil {
			return -1
		}
		return start
	}
	names = slices.DeleteFunc(names, func(name string) bool { return start(name) < 0 })
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(start(a), start(b)) })
	return names, nil
}

// taken is the name of what was sealed at a path of the scratch directory, and is
// intact; empty if there is none. That it was damaged is told, with what it was, such
// as "The images are", and no reason to stop.
func (job Job) taken(path, what string) (name string, err error) {
	name, err = sealed.Find(path)
	var damaged *sealed.Damaged
	if errors.As(err, &damaged) {
		job.Repaired(fmt.Sprintf("%s damaged (%s), and made again.", what, damaged.Path))
		err = nil
	}
	return name, err
}

// drawPart draws the images [start, end) of all and writes them to path.
func (job Job) drawPart(ctx context.Context, instance *client.Instance, work *plan.SampleWork, numbers []int, start, end, total int, path string) error {
	var draws []client.Draw
	var rows []table.Image
	for n := start; n < end; n++ {
		row := work.Image(n, numbers)
		row.Seed = plan.ImageSeed(job.Node.Seed, row.Prompt, int(row.Index))
		draws = append(draws, client.Draw{
			ID:     row.ID,
			Prompt: sdk.Prompt{Text: row.Prompt, Category: row.Category, Slots: row.Slots},
			Seed:   row.Seed,
		})
		rows = append(rows, row)
	}
	done := start
	_, err := writeAnswers(path, func(add func(position int, rows ...table.Image) error) error {
		return instance.Sample(ctx, draws, func(position int, image sdk.Image) error {
			row := rows[position]
			var err error
			if row.Image.Bytes, err = imaging.EncodeStored(image); err != nil {
				return fmt.Errorf("image %q, prompt %q: %w", row.ID, row.Prompt, err)
			}
			done++
			job.Report(Progress{Done: done, Total: total, Unit: "images"})
			return add(position, row)
		})
	})
	return err
}

// joinParts streams the parts into one table.
func (job Job) joinParts(ctx context.Context, parts []string, total int) (*Result, error) {
	writer, err := table.NewWriter[table.Image](job.tablePath(plan.Images))
	if err != nil {
		return nil, err
	}
	rows := 0
	var size sizes
	for _, part := range parts {
		for row, err := range table.Read[table.Image](part) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = writer.Write(row)
			}
			if err != nil {
				return nil, errors.Join(fmt.Errorf("join drawn images: %w", err), writer.Discard())
			}
			rows++
			size.add(row.Image.Bytes)
		}
	}
	if rows != total {
		return nil, errors.Join(fmt.Errorf("join drawn images: %d rows instead of %d", rows, total), writer.Discard())
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: rows, Unit: "images"}
	return result, job.images(result, rows, &size)
}
