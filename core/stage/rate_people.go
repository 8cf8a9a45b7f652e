package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// rateByPeople makes labels of what people said of the images, whichever run they were
// asked for: an image has the judgements of what it shows. The table's rows are in the
// order of the images, those of an image in the order of the raters' names. An image
// whose label is known has that, of the rater people.GoldRater, and no other.
func rateByPeople(ctx context.Context, job Job, work *plan.RateWork) (*Result, error) {
	path, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	asking := work.People
	pictures, err := Pictures(ctx, path)
	if err != nil {
		return nil, err
	}
	known, err := job.known(asking, pictures)
	if err != nil {
		return nil, err
	}
	items, err := Items(ctx, job.Node, About{Pictures: pictures, Scores: job.Inputs[plan.Scores], Known: known})
	if err != nil {
		return nil, err
	}
	answers, err := job.answers(asking)
	if err != nil {
		return nil, err
	}
	if err := job.waitForPeople(asking, items, known, "images"); err != nil {
		return nil, err
	}
	labels := map[string]string{}
	for _, gold := range known {
		labels[gold.Item] = gold.Answers[people.Alignment]
	}
	asked := map[string]bool{}
	for _, item := range items {
		asked[item.ID] = true
	}
	var rows []table.Label
	images, reported := 0, 0
	for _, picture := range pictures {
		if !asked[picture.Blind] {
			continue
		}
		if asking.Reported(picture.Blind) {
			reported++
			continue
		}
		images++
		add := func(rater, label string) {
			rows = append(rows, table.Label{
				ImageID: picture.ID, Prompt: picture.Prompt, Category: picture.Category, Split: picture.Split, Rater: rater, Label: label,
			})
		}
		if label, ok := labels[picture.Blind]; ok {
			add(people.GoldRater, label)
			continue
		}
		for _, rater := range answers.raters(picture.Blind) {
			add(rater, answers[picture.Blind][rater][people.Alignment])
		}
	}
	if len(rows) == 0 {
		return nil, diag.Errorf(job.Node.Range, "No images are left", "All of the images were reported as unsafe. Draw others, or look at the reports on the experimenter's page: an image that is harmless can be taken back.")
	}
	if err := table.WriteAll(job.tablePath(plan.Labels), rows); err != nil {
		return nil, err
	}
	result := &Result{Items: images, Unit: "images", Warnings: leftOut(reported, "images")}
	return result, job.table(result, plan.Labels, len(rows))
}
