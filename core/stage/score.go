package stage

import (
	"context"
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// score has a reward score every image. One score for all images means that
// the reward has learnt nothing, and whatever is trained or chosen by it would
// be wasted.
func score(ctx context.Context, job Job, _ *plan.ScoreWork) (*Result, error) {
	images, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	vectors, err := job.vectors(ctx, images)
	if err != nil {
		return nil, err
	}
	defer vectors.close()
	total, _ := job.Node.Items()
	given := newBounds()
	return each(ctx, job, pass[sdk.Score, table.Score]{
		role:  plan.Scores,
		total: total,
		ask:   (*client.Instance).Score,
		fill:  vectors.fill,
		rows: func(image table.Image, score sdk.Score) []table.Score {
			return []table.Score{{ImageID: image.ID, Prompt: image.Prompt, Category: image.Category, Split: image.Split, Score: score.Score, Parts: score.Parts}}
		},
		see: func(row table.Score) { given.add(row.Score) },
		check: func(images int) error {
			if images == 1 || !given.constant() {
				return nil
			}
			return diag.Errorf(job.Node.Range,
				fmt.Sprintf("Reward %q gives all %d images the same score, %g", job.Node.Instance.Name, images, given.lowest),
				"It has learnt nothing: training or choosing by it would change nothing. Check that its labels hold both good and bad images "+
					"and that the curve of its fit stage goes down; more labels, more steps or a lower learning rate help.")
		},
	})
}

// bounds are those of scores.
type bounds struct{ lowest, highest float64 }

func newBounds() *bounds { return &bounds{math.Inf(1), math.Inf(-1)} }

func (b *bounds) add(score float64) {
	b.lowest, b.highest = min(b.lowest, score), max(b.highest, score)
}

func (b *bounds) constant() bool { return !(b.lowest < b.highest) }
