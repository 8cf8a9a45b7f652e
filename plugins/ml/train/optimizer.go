package train

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Optimizer holds the settings of AdamW (Loshchilov and Hutter 2019) and of its
// learning rate, under the names that a finetune block has for them.
type Optimizer struct {
	LearningRate     float64 `json:"learning_rate"` // the highest, after warm-up
	WarmupSteps      int     `json:"warmup_steps"`
	Schedule         string  `json:"schedule"`     // after warm-up: "constant" or "cosine" (to zero)
	WeightDecay      float64 `json:"weight_decay"` // decoupled
	Beta1            float64 `json:"beta1"`
	Beta2            float64 `json:"beta2"`
	Epsilon          float64 `json:"epsilon"`
	GradientClipNorm float64 `json:"gradient_clip_norm"` // 0: no clipping
	EMADecay         float64 `json:"ema_decay"`          // of the weights' moving average; 0: none
}

// ReadOptimizer reads what a sdk.TuneRequest says of the optimizer. A setting
// that is not known is an error: passed over, it would change nothing and say
// nothing.
func ReadOptimizer(text json.RawMessage) (Optimizer, error) {
	o, err := schema.Decode[Optimizer](text)
	if err != nil {
		return Optimizer{}, fmt.Errorf("read the optimizer's settings: %w", err)
	}
	return o, nil
}

// JSON is what ReadOptimizer reads.
func (o Optimizer) JSON() json.RawMessage {
	text, _ := json.Marshal(o) // of numbers that are finite and a string: it cannot fail
	return text
}

// Rate is the learning rate of a step, counted from 0: it rises linearly over
// the warm-up and is then constant or falls to zero as half a cosine.
func (o Optimizer) Rate(step, steps int) float64 {
	if step < o.WarmupSteps {
		return o.LearningRate * float64(step+1) / float64(o.WarmupSteps)
	}
	if o.Schedule == "cosine" {
		done := float64(step-o.WarmupSteps) / math.Max(1, float64(steps-o.WarmupSteps))
		return o.LearningRate * (1 + math.Cos(math.Pi*done)) / 2
	}
	return o.LearningRate
}
