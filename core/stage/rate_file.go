package stage

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// rateFromFile reads labels that people gave outside of Plumb.
func rateFromFile(ctx context.Context, job Job, work *plan.RateWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	if err := job.waitForFile(work.Path, "labels", job.sheet(work), "Write good, bad or skip beside each of them and put the file there"); err != nil {
		return nil, err
	}
	var images []table.Image
	var given []table.Label
	var problems diag.List
	if work.Blind {
		pictures, err := Pictures(ctx, path)
		if err != nil {
			return nil, err
		}
		images = captions(pictures)
		given, problems = labels.ImportBlind(work.Path, byBlindID(pictures))
	} else {
		if images, err = table.Captions(ctx, path); err != nil {
			return nil, err
		}
		given, problems = labels.Import(work.Path, table.ByID(images))
	}
	if err := job.waitForAnswers(work.Path, job.sheet(work), problems); err != nil {
		return nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	labelled := map[string]bool{}
	for _, label := range given {
		labelled[label.ImageID] = true
	}
	all := len(images)
	images = slices.DeleteFunc(images, func(image table.Image) bool { return !labelled[image.ID] })
	kept := map[string]bool{}
	among, err := chosen(images, work, job.Node.Seed, "")
	if err != nil {
		return nil, err
	}
	for i, labelled := range among {
		if labelled {
			kept[images[i].ID] = true
		}
	}
	given = slices.DeleteFunc(given, func(label table.Label) bool { return !kept[label.ImageID] })
	if len(given) == 0 {
		summary, detail := "No labels in "+work.Path, fmt.Sprintf(
			"None of its rows names one of these %d images.", all)
		if work.Blind { // its rows are those of other tables too: people come to these
			return nil, job.waiting(work.Path, job.sheet(work), summary, detail+" This writes a sheet with those that have no label:")
		}
		return nil, diag.Errorf(job.Node.Range, summary, "%s `plumb export FILE %s DIRECTORY --label-sheet` writes a sheet of them.", detail, job.sheet(work))
	}
	if err := table.WriteAll(job.tablePath(plan.Labels), given); err != nil {
		return nil, err
	}
	result := &Result{Items: len(kept), Unit: "images", Warnings: warningsOf(work.Path, problems)}
	if missing := all - len(images); work.Blind && missing > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%s: nobody judged %d of %d images. They are left out.", filepath.Base(work.Path), missing, all))
	}
	return result, job.table(result, plan.Labels, len(given))
}

// sheet names what plumb export writes a sheet for these labels from: the stage
// that makes the images, or the evaluate block that they are judged for.
func (j Job) sheet(work *plan.RateWork) string {
	if work.Blind {
		return work.Sheet
	}
	return j.imagesStage()
}
