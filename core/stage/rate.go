package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// rate has a rater label images, or a share of them.
func rate(ctx context.Context, job Job, work *plan.RateWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	images, err := imageRows(ctx, path)
	if err != nil {
		return nil, err
	}
	drawn := drawShare(images, work.Fraction, job.Node.Seed)
	total := 0
	for _, is := range drawn {
		if is {
			total++
		}
	}
	if total == 0 {
		return nil, job.mistake("No images to label", "The images table is empty.")
	}
	writer, err := dataset.NewWriter[dataset.Label](job.tablePath(plan.Labels))
	if err != nil {
		return nil, err
	}
	source := newStream(path)
	source.keep = func(position int) bool { return drawn[position] }
	rows, done, raters := 0, 0, 0
	var facts map[string]float64
	write := inOrder(func(labels []dataset.Label) error {
		rows += len(labels)
		return writer.Write(labels...)
	})
	err = job.with(ctx, func(instance Instance) error {
		facts = instance.Facts()
		err := instance.Rate(ctx, source.items(ctx), func(position int, labels []sdk.Label) error {
			image, err := source.answered(position)
			if err != nil {
				return err
			}
			if raters == 0 {
				raters = len(labels)
			}
			if len(labels) == 0 || len(labels) != raters {
				return fmt.Errorf("image %q, prompt %q: %d labels by %d raters", image.ID, image.Prompt, len(labels), raters)
			}
			verdicts := make([]dataset.Label, len(labels))
			for rater, label := range labels {
				switch label {
				case sdk.LabelGood, sdk.LabelBad, sdk.LabelSkip:
				default:
					return fmt.Errorf("image %q, prompt %q: rater %d says %q, which is not good, bad or skip", image.ID, image.Prompt, rater, label)
				}
				verdicts[rater] = dataset.Label{
					ImageID: image.ID, Prompt: image.Prompt, Category: image.Category, Split: image.Split,
					Rater: int32(rater), Label: string(label),
				}
			}
			done++
			job.Report(Progress{Done: done, Total: total, Unit: "images"})
			return write.add(position, verdicts)
		})
		if err != nil {
			return err
		}
		_, err = source.finish()
		return err
	})
	if err != nil {
		return nil, errors.Join(err, writer.Discard())
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	result := &Result{Items: total, Unit: "images", Facts: facts}
	return result, job.table(result, plan.Labels, rows)
}

// rateFromFile reads labels that people gave outside of Plumb.
func rateFromFile(ctx context.Context, job Job, work *plan.RateWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(work.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, job.mistake("There are no labels yet in "+work.Path, fmt.Sprintf(
			"The images are drawn: `plumb export %s %s DIRECTORY --label-sheet` writes them with a %s to fill in. Put it there, and run again.",
			cmp.Or(filepath.Base(job.Node.Range.File), "FILE"), job.sheet(work), dataset.LabelSheet))
	}
	images, err := imageRows(ctx, path)
	if err != nil {
		return nil, err
	}
	var labels []dataset.Label
	var problems diag.List
	if work.Blind {
		var byBlindID map[string]dataset.Image
		if byBlindID, err = blindRows(ctx, path); err != nil {
			return nil, err
		}
		labels, problems = dataset.ImportBlind(work.Path, byBlindID)
	} else {
		byID := map[string]dataset.Image{}
		for _, image := range images {
			byID[image.ID] = image
		}
		labels, problems = dataset.ImportLabels(work.Path, byID)
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
		return nil, job.mistake("No labels in "+work.Path, fmt.Sprintf(
			"None of its rows names one of these %d images. `plumb export %s %s DIRECTORY --label-sheet` writes a sheet with those that have no label.",
			all, cmp.Or(filepath.Base(job.Node.Range.File), "FILE"), job.sheet(work)))
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

// blindRows reads who the images of a table are, by their dataset.BlindID.
func blindRows(ctx context.Context, path string) (map[string]dataset.Image, error) {
	images := map[string]dataset.Image{}
	for image, err := range dataset.Read[dataset.Image](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read images: %w", err)
		}
		id := dataset.BlindID(image)
		image.Image = dataset.File{}
		images[id] = image
	}
	return images, nil
}

// imageRow is an images table's row without pixels: who the image is and where
// it belongs. Reading it leaves the pixels on the disk.
type imageRow struct {
	ID       string `parquet:"id"`
	Prompt   string `parquet:"prompt,dict"`
	Category string `parquet:"category,dict"`
	Split    string `parquet:"split,dict"`
	Index    int32  `parquet:"index"`
}

// imageRows reads who the images of a table are.
func imageRows(ctx context.Context, path string) ([]dataset.Image, error) {
	var images []dataset.Image
	for row, err := range dataset.Read[imageRow](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read images: %w", err)
		}
		images = append(images, dataset.Image{ID: row.ID, Prompt: row.Prompt, Category: row.Category, Split: row.Split, Index: row.Index})
	}
	return images, nil
}

// drawShare draws a share of the images, rounded up, by the seed. A larger
// share holds every smaller one of the same seed, so an ablation over the
// share of labels adds labels and never swaps them.
func drawShare(images []dataset.Image, fraction float64, seed uint64) []bool {
	drawn := make([]bool, len(images))
	count := min(int(math.Ceil(fraction*float64(len(images)))), len(images))
	if fraction >= 1 {
		count = len(images)
	}
	for _, position := range byPriority(images, seed)[:count] {
		drawn[position] = true
	}
	return drawn
}

// byPriority lists positions of images in the order in which a random draw
// takes them.
func byPriority(images []dataset.Image, seed uint64) []int {
	priorities := make([]uint64, len(images))
	order := make([]int, len(images))
	for i, image := range images {
		priorities[i] = plan.DrawPriority(seed, image.ID)
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(priorities[a], priorities[b]), cmp.Compare(a, b))
	})
	return order
}
