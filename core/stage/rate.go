package stage

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/spec"
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
	labelled, err := chosen(images, work, job.Node.Seed, job.Inputs[plan.Scores])
	if err != nil {
		return nil, err
	}
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

// chosen says of each image whether it is labelled: so many of them, or a share of them,
// rounded up. They are drawn by the seed, or are those that a reward is least sure of; of
// equally sure ones those that the seed draws first. A larger number holds every smaller
// one of the same seed, so an ablation over the number of labels adds labels and never
// swaps them. scores is the path of the reward's scores; empty where none is asked.
func chosen(images []table.Image, work *plan.RateWork, seed uint64, scores string) ([]bool, error) {
	count := work.Count
	switch {
	case count > 0:
	case work.Fraction >= 1:
		count = len(images)
	default:
		count = int(math.Ceil(work.Fraction * float64(len(images))))
	}
	order := byPriority(images, seed)
	if work.Select == spec.SelectUncertain {
		given, err := scoresOf(images, scores)
		if err != nil {
			return nil, err
		}
		unsure := metric.Uncertainty(given)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(unsure[a], unsure[b]) })
	}
	chosen := make([]bool, len(images))
	for _, position := range order[:min(count, len(images))] {
		chosen[position] = true
	}
	return chosen, nil
}

// scoresOf reads the scores of images from a table, in the images' order.
func scoresOf(images []table.Image, path string) ([]table.Score, error) {
	known := map[string]table.Score{}
	for row, err := range table.Read[table.Score](path) {
		if err != nil {
			return nil, fmt.Errorf("read scores: %w", err)
		}
		known[row.ImageID] = row
	}
	scores := make([]table.Score, len(images))
	for i, image := range images {
		score, ok := known[image.ID]
		if !ok {
			return nil, fmt.Errorf("image %q has no score", image.ID)
		}
		scores[i] = score
	}
	return scores, nil
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
