package train

import (
	"encoding/json"
	"strconv"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Settings are the training arguments of a component that is fitted: a part of
// its configuration.
type Settings struct {
	Steps        int     `json:"steps"`
	BatchSize    int     `json:"batch_size"`
	LearningRate float64 `json:"learning_rate"`
	WeightDecay  float64 `json:"weight_decay"`
}

// Attributes describes Settings, with s as the defaults.
func (s Settings) Attributes() []sdk.Attribute {
	number := func(v float64) json.RawMessage { return json.RawMessage(strconv.FormatFloat(v, 'g', -1, 64)) }
	return []sdk.Attribute{
		{Name: "steps", Type: sdk.TypeInteger, Default: number(float64(s.Steps)), Minimum: sdk.Bound(1), Summary: "Training steps of the fit."},
		{Name: "batch_size", Type: sdk.TypeInteger, Default: number(float64(s.BatchSize)), Minimum: sdk.Bound(2), Summary: "Images a step."},
		{Name: "learning_rate", Type: sdk.TypeNumber, Default: number(s.LearningRate), Minimum: sdk.Bound(0), Summary: "Peak learning rate of AdamW; it falls to zero as half a cosine."},
		{Name: "weight_decay", Type: sdk.TypeNumber, Default: number(s.WeightDecay), Minimum: sdk.Bound(0), Summary: "Decoupled weight decay of AdamW."},
	}
}

// Optimizer is AdamW with these settings: a warm-up of a twentieth of the
// steps, then half a cosine to zero, gradients clipped to norm 1.
func (s Settings) Optimizer() Optimizer {
	return Optimizer{
		LearningRate: s.LearningRate, WeightDecay: s.WeightDecay,
		WarmupSteps: s.Steps / 20, Schedule: "cosine",
		Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, GradientClipNorm: 1,
	}
}
