package stage

import (
	"context"
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// score has a reward score every image. One score for all images means that
// the reward has learnt nothing, and whatever is trained or chosen by it would
// be wasted.
func score(ctx context.Context, job Job) (*Result, error) {
	total, _ := job.Node.Items()
	lowest, highest := math.Inf(1), math.Inf(-1)
	return each(ctx, job, pass[float64, table.Score]{
		role:  plan.Scores,
		total: total,
		ask:   (*client.Instance).Score,
		rows: func(image table.Image, score float64) []table.Score {
			lowest, highest = min(lowest, score), max(highest, score)
			return []table.Score{{ImageID: image.ID, Prompt: image.Prompt, Category: image.Category, Split: image.Split, Score: score}}
		},
		check: func(images int) error {
			if images == 1 || lowest < highest {
				return nil
			}
			return job.mistake(
				fmt.Sprintf("Reward %q gives all %d images the same score, %g", job.Node.Instance.Name, images, lowest),
				"It has learnt nothing: training or choosing by it would change nothing. Check that its labels hold both good and bad images "+
					"and that the curve of its fit stage goes down; more labels, more steps or a lower learning rate help.")
		},
	})
}
