package stage

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// majority is the rater of comparisons that are made of labels.
const majority = "majority"

// compareByLabels makes comparisons of labels: of two images of a prompt, one that
// most raters find good is better than one that most find bad. An image with as
// many good as bad labels, or with skips alone, makes no pair. The table's rows
// are in the order in which images first come among the labels.
func compareByLabels(ctx context.Context, job Job, work *plan.CompareWork) (*Result, error) {
	path, err := job.input(plan.Labels)
	if err != nil {
		return nil, err
	}
	images, good, err := majorities(ctx, path)
	if err != nil {
		return nil, err
	}
	prompts := ofEachPrompt(images)
	for n, prompt := range prompts {
		sides := candidates{}
		for _, i := range prompt.one {
			switch {
			case good[i] > 0:
				sides.one = append(sides.one, i)
			case good[i] < 0:
				sides.other = append(sides.other, i)
			}
		}
		prompts[n] = sides
	}
	pairs, err := choosePairs(ctx, images, prompts, work.PerPrompt, job.Node.Seed)
	if err != nil {
		return nil, err
	}
	if len(pairs) == 0 {
		return nil, diag.Errorf(job.Node.Range, "No pairs of a good and a bad image",
			"No prompt has both an image that most raters find good and one that most find bad: %d prompts, %d labelled images. More images a prompt (per_prompt), or more labels, give some.", len(prompts), len(images))
	}
	comparisons := make([]table.Comparison, len(pairs))
	for n, p := range pairs {
		first, second := images[p.first], images[p.second]
		choice := sdk.ChooseFirst
		if good[p.second] > 0 {
			choice = sdk.ChooseSecond
		}
		comparisons[n] = table.Comparison{
			First: first.ID, Second: second.ID, Prompt: first.Prompt, Category: first.Category, Split: first.Split,
			Rater: majority, Choice: string(choice),
		}
	}
	if err := table.WriteAll(job.tablePath(plan.Comparisons), comparisons); err != nil {
		return nil, err
	}
	counted, _ := countByPair(comparisons)
	result := &Result{Items: len(pairs), Unit: "pairs", Facts: counted.facts()}
	return result, job.table(result, plan.Comparisons, len(comparisons))
}

// majorities lists the images of a labels table, without pixels, and of each how
// many more raters find it good than bad.
func majorities(ctx context.Context, path string) (images []table.Image, good []int, err error) {
	at := map[string]int{}
	for label, err := range table.Read[table.Label](path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read labels: %w", err)
		}
		i, known := at[label.ImageID]
		if !known {
			i = len(images)
			at[label.ImageID] = i
			images = append(images, table.Image{ID: label.ImageID, Prompt: label.Prompt, Category: label.Category, Split: label.Split})
			good = append(good, 0)
		}
		switch sdk.Label(label.Label) {
		case sdk.LabelGood:
			good[i]++
		case sdk.LabelBad:
			good[i]--
		}
	}
	return images, good, nil
}
