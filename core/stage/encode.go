package stage

import (
	"context"
	"iter"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// encode turns images into vectors, and their prompts if the encoder can: each
// prompt once, in the order in which they occur first.
func encode(ctx context.Context, job Job, work *plan.EncodeWork) (*Result, error) {
	total, _ := job.Node.Items()
	images := pass[[]float32, table.Feature]{
		role:  plan.Features,
		total: total,
		ask:   (*client.Instance).EncodeImages,
		rows: func(image table.Image, vector []float32) []table.Feature {
			return []table.Feature{{ImageID: image.ID, Vector: vector}}
		},
	}
	if !work.Texts {
		return each(ctx, job, images)
	}
	var prompts []string
	known := map[string]bool{}
	images.fill = func(item *client.Item) error {
		if !known[item.Prompt.Text] {
			known[item.Prompt.Text] = true
			prompts = append(prompts, item.Prompt.Text)
		}
		return nil
	}
	var result *Result
	err := job.with(ctx, func(instance *client.Instance) (err error) {
		if result, err = images.over(ctx, job, instance); err != nil {
			return err
		}
		return job.writeTextFeatures(ctx, instance, prompts, result, func(int) {})
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// encodeTexts turns a table of texts into vectors. Of an empty one it makes an
// empty one, without the encoder.
func encodeTexts(ctx context.Context, job Job, _ *plan.EncodeTextsWork) (*Result, error) {
	path, err := job.input(plan.Texts)
	if err != nil {
		return nil, err
	}
	rows, err := table.ReadAll[table.ListedText](path)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = row.Text
	}
	result := &Result{Items: len(texts), Unit: "texts"}
	if len(texts) == 0 {
		if err := table.WriteAll[table.TextFeature](job.tablePath(plan.TextFeatures), nil); err != nil {
			return nil, err
		}
		return result, job.table(result, plan.TextFeatures, 0)
	}
	err = job.with(ctx, func(instance *client.Instance) error {
		return job.writeTextFeatures(ctx, instance, texts, result, func(done int) {
			job.Report(Progress{Done: done, Total: len(texts), Unit: result.Unit})
		})
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// writeTextFeatures encodes texts into their table, in their order, and adds it to a
// result. report is told how many are encoded. Vectors are kept as they come.
func (job Job) writeTextFeatures(ctx context.Context, instance *client.Instance, texts []string, result *Result, report func(done int)) error {
	rows, err := writeKept(job, plan.TextFeatures, "texts", nil, func(skip int, add func(position int, rows ...table.TextFeature) error) error {
		left, done := texts[skip:], skip
		return instance.EncodeTexts(ctx, listed(left), func(position int, vector []float32) error {
			done++
			report(done)
			return add(position, table.TextFeature{Text: left[position], Vector: vector})
		})
	})
	if err != nil {
		return err
	}
	return job.table(result, plan.TextFeatures, rows)
}

func listed(texts []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, text := range texts {
			if !yield(text, nil) {
				return
			}
		}
	}
}
