package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// encode turns images into vectors.
func encode(ctx context.Context, job Job) (*Result, error) {
	total, _ := job.Node.Items()
	return each(ctx, job, pass[[]float32, dataset.Feature]{
		role:  plan.Features,
		total: total,
		ask:   (*client.Instance).EncodeImages,
		rows: func(image dataset.Image, vector []float32) []dataset.Feature {
			return []dataset.Feature{{ImageID: image.ID, Vector: vector}}
		},
	})
}
