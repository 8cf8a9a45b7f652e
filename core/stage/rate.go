package stage

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// rate has a rater label images, or a share of them, or takes in people's labels.
func rate(ctx context.Context, job Job, work *plan.RateWork) (*Result, error) {
	switch {
	case work.People != nil:
		return rateByPeople(ctx, job, work)
	case work.Path != "":
		return rateFromFile(ctx, job, work)
	}
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return nil, err
	}
	labelled := shareOf(images, work.Fraction, job.Node.Seed)
	total := 0
	for _, is := range labelled {
		if is {
			total++
		}
	}
	return each(ctx, job, pass[[]sdk.Label, table.Label]{
		role:  plan.Labels,
		total: total,
		keep:  func(position int) bool { return labelled[position] },
		ask:   (*client.Instance).Rate,
		rows: func(image table.Image, labels []sdk.Label) []table.Label {
			rows := make([]table.Label, len(labels))
			for rater, label := range labels {
				rows[rater] = table.Label{
					ImageID: image.ID, Prompt: image.Prompt, Category: image.Category, Split: image.Split,
					Rater: strconv.Itoa(rater + 1), Label: string(label),
				}
			}
			return rows
		},
	})
}

// shareOf chooses a share of the images, rounded up, by the seed. A larger
// share holds every smaller one of the same seed, so an ablation over the
// share of labels adds labels and never swaps them.
func shareOf(images []table.Image, fraction float64, seed uint64) []bool {
	chosen := make([]bool, len(images))
	count := min(int(math.Ceil(fraction*float64(len(images)))), len(images))
	if fraction >= 1 {
		count = len(images)
	}
	for _, position := range byPriority(images, seed)[:count] {
		chosen[position] = true
	}
	return chosen
}

// byPriority lists positions of images in the order in which a random subset
// takes them.
func byPriority(images []table.Image, seed uint64) []int {
	priorities := make([]uint64, len(images))
	order := make([]int, len(images))
	for i, image := range images {
		priorities[i] = plan.SubsetPriority(seed, image.ID)
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(priorities[a], priorities[b]), cmp.Compare(a, b))
	})
	return order
}
