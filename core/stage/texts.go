package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// listTexts asks a reward which texts its fit reads beside the images' prompts.
func listTexts(ctx context.Context, job Job, work *plan.TextsWork) (*Result, error) {
	request, err := job.fitRequest(work.Sets)
	if err != nil {
		return nil, err
	}
	var rows []table.ListedText
	err = job.with(ctx, func(instance *client.Instance) error {
		texts, err := instance.FitTexts(ctx, request)
		for _, text := range texts {
			rows = append(rows, table.ListedText{Text: text})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := table.WriteAll(job.tablePath(plan.Texts), rows); err != nil {
		return nil, err
	}
	result := &Result{Items: len(rows), Unit: "texts"}
	return result, job.table(result, plan.Texts, len(rows))
}
