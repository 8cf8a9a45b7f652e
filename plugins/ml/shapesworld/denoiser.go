package shapesworld

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/models/dit"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// DenoiserConfig is the config.json of a denoiser.
type DenoiserConfig struct {
	Class      string               `json:"_class_name"`
	World      string               `json:"world"` // says that this is the miniature
	Network    dit.Config           `json:"network"`
	Condition  int                  `json:"condition_width"`
	Timesteps  int                  `json:"num_train_timesteps"`
	Schedule   string               `json:"beta_schedule"` // "squaredcos_cap_v2"
	Noisier    float64              `json:"noisier"`       // by which the schedule's alpha / sigma is divided
	Prediction diffusion.Prediction `json:"prediction_type"`
	Vocabulary []string             `json:"vocabulary"`
}

// DefaultDenoiser is the denoiser that is trained from scratch.
func DefaultDenoiser() DenoiserConfig {
	return DenoiserConfig{
		Class:      "ShapesDenoiser",
		World:      "shapes (miniature)",
		Network:    dit.Config{Width: 160, Narrow: 64, Hidden: 320, Heads: 1, Global: 10, Blocks: "gcmacmgacmcm"},
		Condition:  128,
		Timesteps:  1000,
		Schedule:   "squaredcos_cap_v2",
		Noisier:    4,
		Prediction: diffusion.Velocity,
		Vocabulary: Vocabulary,
	}
}

// Process is the diffusion process of training and sampling. Objects are large and
// of one color, so that they are found in much noise: on the plain cosine schedule
// few timesteps are left to decide what the image shows. Every solver goes from the
// last timestep ("trailing" spacing) to no noise.
func (c DenoiserConfig) Process() diffusion.Process {
	return diffusion.Process{
		Schedule:   diffusion.Cosine(c.Timesteps).Noisier(c.Noisier),
		Prediction: c.Prediction,
		Stepping:   diffusion.Stepping{Spacing: diffusion.Trailing, AlphaToOne: new(true)},
		Clip:       true, // it draws pixels
	}
}

// TextWidth is the width of a prompt's input to the denoiser: one number a word, and
// one for no words.
func (c DenoiserConfig) TextWidth() int { return len(c.Vocabulary) + 1 }

// Text writes a prompt as the denoiser's input, [TextWidth]. The empty prompt is the
// unconditional one.
func (c DenoiserConfig) Text(prompt string, out []float32) {
	clear(out)
	indices, _ := Words(prompt)
	for _, index := range indices {
		out[index] = 1
	}
	if len(indices) == 0 {
		out[len(c.Vocabulary)] = 1
	}
}

// Predict builds the network's output, a Prediction: noisy [batch, 64, 48], timesteps
// [batch], text [batch, TextWidth] -> [batch, 64, 48].
func (c DenoiserConfig) Predict(p nn.Params, noisy, timesteps, text *Node) *Node {
	time := nn.Dense(p.In("time"), nn.TimestepEmbedding(timesteps, 64), c.Condition, nn.FanIn(1))
	words := nn.ReLU(nn.Dense(p.In("words"), text, c.Condition, nn.FanIn(2)))
	words = nn.Linear(p.In("text"), words, c.Condition, nn.FanIn(1))
	condition := nn.ReLU(Add(time, words))
	condition = nn.ReLU(nn.Dense(p.In("condition"), condition, c.Condition, nn.FanIn(2)))
	return dit.Build(p, c.Network, noisy, condition)
}
