package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// encode turns images into vectors.
func encode(ctx context.Context, job Job) (*Result, error) {
	total, _ := job.Node.Items()
	return each(ctx, job, pass[[]float32, table.Feature]{
		role:  plan.Features,
		total: total,
		ask:   (*client.Instance).EncodeImages,
		rows: func(image table.Image, vector []float32) []table.Feature {
			return []table.Feature{{ImageID: image.ID, Vector: vector}}
		},
	})
}
