package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// rate has a rater label images, or a share of them.
func rate(ctx context.Context, job Job, work *plan.RateWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	images, err := table.Captions(ctx, path)
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
	writer, err := table.NewWriter[table.Label](job.tablePath(plan.Labels))
	if err != nil {
		return nil, err
	}
	source := newStream(path)
	source.keep = func(position int) bool { return drawn[position] }
	rows, done, raters := 0, 0, 0
	var facts map[string]float64
	write := inOrder(func(labels []table.Label) error {
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
			verdicts := make([]table.Label, len(labels))
			for rater, label := range labels {
				switch label {
				case sdk.LabelGood, sdk.LabelBad, sdk.LabelSkip:
				default:
					return fmt.Errorf("image %q, prompt %q: rater %d says %q, which is not good, bad or skip", image.ID, image.Prompt, rater, label)
				}
				verdicts[rater] = table.Label{
					ImageID: image.ID, Prompt: image.Prompt, Category: image.Category, Split: image.Split,
					Rater: strconv.Itoa(rater + 1), Label: string(label),
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

// drawShare draws a share of the images, rounded up, by the seed. A larger
// share holds every smaller one of the same seed, so an ablation over the
// share of labels adds labels and never swaps them.
func drawShare(images []table.Image, fraction float64, seed uint64) []bool {
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
func byPriority(images []table.Image, seed uint64) []int {
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
