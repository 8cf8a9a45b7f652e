package stablediffusion

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/latentcache"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// precomputedAs are the types of the latent cache's tensors, by the value of
// precomputed_dtype.
var precomputedAs = map[string]safetensors.DType{"float32": safetensors.F32, "float16": safetensors.F16}

func precomputedDTypes() []string { return slices.Sorted(maps.Keys(precomputedAs)) }

// Precompute encodes images and captions for fine-tuning, at the size that the sampler
// makes. Neither of the two encoders is ever tuned. Captions that are too long are
// truncated, as diffusers' training scripts do it.
func (s *sampler) Precompute(ctx context.Context, request sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
	cut := &cutCaptions{}
	return latentcache.Precompute(ctx, s.backend, latentcache.Request{
		PrecomputeRequest: request,
		Autoencoder:       s.model.VAE,
		Weights:           s.model.VAEStore,
		Height:            s.config.Height,
		Width:             s.config.Width,
		Batch:             batchFor(s.backend), // not batch_size, which is of sampling
		Conditions:        s.texts.conditions(),
		DType:             precomputedAs[s.config.PrecomputedDType],
		Caption:           func(caption string) { cut.look(s.texts, caption) },
		Encode:            s.texts.precompute,
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

// precompute returns the conditions of captions. Those that are too long are
// truncated.
func (t *texts) precompute(ctx context.Context, captions []string) ([]conditioning.Of[[]float32], error) {
	ids := make([][]int32, len(captions))
	for i, caption := range captions {
		ids[i], _ = t.tokens.Sequence(caption, t.tower.Positions)
	}
	states, err := t.encoder.LastHiddenStates(ctx, ids)
	out := make([]conditioning.Of[[]float32], len(states))
	for i := range states {
		out[i] = conditioning.Of[[]float32]{conditioning.Context: states[i]}
	}
	return out, err
}
