package stablediffusion

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// preparedAs are what prepared images are kept in, by the value of prepared_dtype.
var preparedAs = map[string]safetensors.DType{"float32": safetensors.F32, "float16": safetensors.F16}

func preparedDTypes() []string { return slices.Sorted(maps.Keys(preparedAs)) }

// Prepare encodes images and captions for fine-tuning, at the size that the
// sampler draws. Neither of the two encoders is ever tuned. Captions that are
// too long are cut, as diffusers' training scripts cut them.
func (s *sampler) Prepare(ctx context.Context, request sdk.PrepareRequest, report func(sdk.Progress) error) error {
	cut := &cutCaptions{}
	return s.model.Prepare(ctx, s.backend, latentdiffusion.PrepareRequest{
		PrepareRequest: request,
		Height:         s.config.Height,
		Width:          s.config.Width,
		Batch:          batchFor(s.backend), // not batch_size: that is about drawing
		Text:           [2]int{s.texts.tower.Positions, s.texts.tower.Width},
		DType:          preparedAs[s.config.PreparedDType],
		Caption:        func(caption string) { cut.look(s.texts, caption) },
		Embed:          s.texts.embed,
	}, func(progress sdk.Progress) error {
		if progress.Step == progress.Steps {
			sdk.Warn(ctx, cut.warning(s.texts))
		}
		return report(progress)
	})
}

// cutCaptions counts the captions that are too long for the text encoder.
type cutCaptions struct {
	count int
	first string
}

func (c *cutCaptions) look(t *texts, caption string) {
	if _, cut := t.tokens.Sequence(caption, t.tower.Positions); cut {
		if c.count == 0 {
			c.first = caption
		}
		c.count++
	}
}

// warning is for the user, empty if there is nothing to say.
func (c *cutCaptions) warning(t *texts) string {
	if c.count == 0 {
		return ""
	}
	return fmt.Sprintf("Captions of more than %d tokens were truncated, as the text encoder reads no more: %d of them. The first is %q.",
		t.tower.Positions-2, c.count, c.first)
}

// embed gives the embeddings of captions, [tokens, width] each. What does not
// fit is cut off.
func (t *texts) embed(ctx context.Context, captions []string) ([][]float32, error) {
	ids := make([][]int32, len(captions))
	for i, caption := range captions {
		ids[i], _ = t.tokens.Sequence(caption, t.tower.Positions)
	}
	return t.encoder.LastHiddenStates(ctx, ids)
}
