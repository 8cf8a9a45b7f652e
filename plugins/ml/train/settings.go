package train

// Settings are the training arguments of a component that is fitted: a part of
// its configuration.
type Settings struct {
	Steps        int     `json:"steps" plumb:"min=1" help:"Training steps of the fit."`
	BatchSize    int     `json:"batch_size" plumb:"min=2" help:"Images a step."`
	LearningRate float64 `json:"learning_rate" plumb:"min=0" help:"Peak learning rate of AdamW; it falls to zero as half a cosine."`
	WeightDecay  float64 `json:"weight_decay" plumb:"min=0" help:"Decoupled weight decay of AdamW."`
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
