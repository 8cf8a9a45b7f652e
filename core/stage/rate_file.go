package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
)

// rateFromFile reads labels that people gave outside of Plumb.
func rateFromFile(ctx context.Context, job Job, work *plan.RateWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(work.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, job.waiting("There are no labels yet in "+work.Path, fmt.Sprintf(
			"The images are drawn: `plumb export %s %s DIRECTORY --label-sheet` writes them with a %s to fill in. Put it there, and run again.",
			cmp.Or(filepath.Base(job.Node.Range.File), "FILE"), job.sheet(work), dataset.LabelSheet))
	}
	var images []dataset.Image
	var labels []dataset.Label
	var problems diag.List
	if work.Blind {
		var byBlindID map[string]dataset.Image
		if images, byBlindID, err = blindRows(ctx, path); err != nil {
			return nil, err
		}
		labels, problems = dataset.ImportBlind(work.Path, byBlindID)
	} else {
		if images, err = dataset.Captions(ctx, path); err != nil {
			return nil, err
		}
		labels, problems = dataset.ImportLabels(work.Path, dataset.ByID(images))
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	labelled := map[string]bool{}
	for _, label := range labels {
		labelled[label.ImageID] = true
	}
	all := len(images)
	images = slices.DeleteFunc(images, func(image dataset.Image) bool { return !labelled[image.ID] })
	kept := map[string]bool{}
	for i, drawn := range drawShare(images, work.Fraction, job.Node.Seed) {
		kept[images[i].ID] = drawn
	}
	labels = slices.DeleteFunc(labels, func(label dataset.Label) bool { return !kept[label.ImageID] })
	if len(labels) == 0 {
		summary, detail := "No labels in "+work.Path, fmt.Sprintf(
			"None of its rows names one of these %d images. `plumb export %s %s DIRECTORY --label-sheet` writes a sheet with those that have no label.",
			all, cmp.Or(filepath.Base(job.Node.Range.File), "FILE"), job.sheet(work))
		if work.Blind { // its rows are those of other tables too: people come to these
			return nil, job.waiting(summary, detail)
		}
		return nil, job.mistake(summary, detail)
	}
	if err := dataset.WriteAll(job.tablePath(plan.Labels), labels); err != nil {
		return nil, err
	}
	result := &Result{Items: len(kept), Unit: "images"}
	for _, problem := range problems {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%s: %s. %s", filepath.Base(work.Path), problem.Summary, problem.Detail))
	}
	if missing := all - len(images); work.Blind && missing > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%s: nobody judged %d of %d images. They are left out.", filepath.Base(work.Path), missing, all))
	}
	return result, job.table(result, plan.Labels, len(labels))
}

// sheet names what plumb export writes a sheet for these labels from: the stage
// that makes the images, or the evaluate block that they are judged for.
func (j Job) sheet(work *plan.RateWork) string {
	if work.Blind {
		return work.Sheet
	}
	if input, ok := j.Node.Input(plan.Images); ok && input.Node != nil {
		return input.Node.Label
	}
	return "STAGE"
}

// blindRows reads who the images of a table are, in order and by their
// dataset.BlindID, for which it has to read their pixels.
func blindRows(ctx context.Context, path string) (images []dataset.Image, byBlindID map[string]dataset.Image, err error) {
	byBlindID = map[string]dataset.Image{}
	for image, err := range dataset.Read[dataset.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read images: %w", err)
		}
		id := dataset.BlindID(image)
		image.Image = dataset.File{}
		images, byBlindID[id] = append(images, image), image
	}
	return images, byBlindID, nil
}
