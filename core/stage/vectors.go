package stage

import (
	"context"
	"fmt"
	"iter"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// vectorSource gives items the vectors that a reward reads. It is where encoder and
// reward meet, whatever plugins they are of: a reward never sees the encoder.
// Items come in the order of their images table, from one goroutine.
type vectorSource interface {
	fill(item *client.Item) error
	close()
}

// vectors are those of the job's tables of features, for what the instance reads.
func (job Job) vectors(ctx context.Context, images string) (vectorSource, error) {
	reads := job.Node.Instance.Identity
	tables := &tableVectors{}
	if reads.DoesRead(schema.ReadImageFeatures) {
		path, err := job.input(plan.Features)
		if err != nil {
			return nil, err
		}
		tables.images = readRows[table.Feature](path)
	}
	if reads.DoesRead(schema.ReadTextFeatures) {
		path, err := job.input(plan.TextFeatures)
		if err != nil {
			return nil, err
		}
		captions, err := table.Captions(ctx, images)
		if err != nil {
			return nil, err
		}
		tables.texts, tables.left, tables.held = readRows[table.TextFeature](path), map[string]int{}, map[string][]float32{}
		for _, image := range captions {
			tables.left[image.Prompt]++
		}
	}
	return tables, nil
}

// tableVectors joins tables of features with the images that they were made of.
// Image features are in the order of the images, text features in that in which
// prompts occur first. Of the vectors it holds those of prompts that occur again.
type tableVectors struct {
	images *rowReader[table.Feature]
	texts  *rowReader[table.TextFeature]
	left   map[string]int // how often each prompt is still to come
	held   map[string][]float32
}

func (v *tableVectors) fill(item *client.Item) error {
	if v.images != nil {
		row, err := v.images.next()
		if err != nil {
			return fmt.Errorf("features of image %q: %w", item.ID, err)
		}
		if row.ImageID != item.ID {
			return fmt.Errorf("features of image %q stand where those of %q belong", row.ImageID, item.ID)
		}
		item.ImageVector = row.Vector
	}
	if v.texts == nil {
		return nil
	}
	prompt := item.Prompt.Text
	vector, known := v.held[prompt]
	if !known {
		row, err := v.texts.next()
		if err != nil {
			return fmt.Errorf("features of the prompt %q: %w", prompt, err)
		}
		if row.Text != prompt {
			return fmt.Errorf("features of the prompt %q stand where those of %q belong", row.Text, prompt)
		}
		vector = row.Vector
		v.held[prompt] = vector
	}
	item.TextVector = vector
	if v.left[prompt]--; v.left[prompt] == 0 {
		delete(v.held, prompt)
	}
	return nil
}

func (v *tableVectors) close() {
	if v.images != nil {
		v.images.stop()
	}
	if v.texts != nil {
		v.texts.stop()
	}
}

// rowReader hands out a table row by row.
type rowReader[T any] struct {
	path string
	pull func() (T, error, bool)
	stop func()
}

func readRows[T any](path string) *rowReader[T] {
	pull, stop := iter.Pull2(table.Read[T](path))
	return &rowReader[T]{path, pull, stop}
}

func (r *rowReader[T]) next() (T, error) {
	row, err, ok := r.pull()
	if !ok {
		err = fmt.Errorf("table %s has ended", r.path)
	}
	return row, err
}
