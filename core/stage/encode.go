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
	var prompts []string
	known, texts := map[string]bool{}, 0
	p := pass[[]float32, table.Feature]{
		role:  plan.Features,
		total: total,
		ask:   (*client.Instance).EncodeImages,
		rows: func(image table.Image, vector []float32) []table.Feature {
			return []table.Feature{{ImageID: image.ID, Vector: vector}}
		},
	}
	if work.Texts {
		p.fill = func(item *client.Item) error {
			if !known[item.Prompt.Text] {
				known[item.Prompt.Text] = true
				prompts = append(prompts, item.Prompt.Text)
			}
			return nil
		}
		p.after = func(instance *client.Instance) (err error) {
			texts, err = job.writeTextFeatures(ctx, instance, prompts)
			return err
		}
	}
	result, err := each(ctx, job, p)
	if err == nil && work.Texts {
		err = job.table(result, plan.TextFeatures, texts)
	}
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
		err = table.WriteAll[table.TextFeature](job.tablePath(plan.TextFeatures), nil)
	} else {
		err = job.with(ctx, func(instance *client.Instance) error {
			_, err := job.writeTextFeatures(ctx, instance, texts)
			return err
		})
	}
	if err == nil {
		err = job.table(result, plan.TextFeatures, len(texts))
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// writeTextFeatures encodes texts and writes their table, in their order.
func (job Job) writeTextFeatures(ctx context.Context, instance *client.Instance, texts []string) (rows int, err error) {
	return writeAnswers(job.tablePath(plan.TextFeatures), func(add func(position int, rows ...table.TextFeature) error) error {
		return instance.EncodeTexts(ctx, listed(texts), func(position int, vector []float32) error {
			return add(position, table.TextFeature{Text: texts[position], Vector: vector})
		})
	})
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
