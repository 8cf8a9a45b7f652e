package shapes

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// DenoiserConfig is the config.json of a denoiser.
type DenoiserConfig struct {
	Class      string          `json:"_class_name"`
	World      string          `json:"world"` // says that this is the miniature
	Network    patchnet.Config `json:"network"`
	Condition  int             `json:"condition_width"`
	Timesteps  int             `json:"num_train_timesteps"`
	Schedule   string          `json:"beta_schedule"`   // "squaredcos_cap_v2"
	Prediction string          `json:"prediction_type"` // "v_prediction"
	Vocabulary []string        `json:"vocabulary"`
}

// DefaultDenoiser is the denoiser that is trained from scratch.
func DefaultDenoiser() DenoiserConfig {
	return DenoiserConfig{
		Class:      "ShapesDenoiser",
		World:      "shapes (miniature)",
		Network:    patchnet.Config{Width: 160, Narrow: 64, Hidden: 320, Heads: 4, Blocks: "cmcmacmcma"},
		Condition:  128,
		Timesteps:  1000,
		Schedule:   "squaredcos_cap_v2",
		Prediction: "v_prediction",
		Vocabulary: Vocabulary,
	}
}

// TextWidth is the width of a prompt's input to the denoiser: one place a word,
// and one that says that there are no words.
func (c DenoiserConfig) TextWidth() int { return len(c.Vocabulary) + 1 }

// Text writes a prompt as the denoiser reads it, [TextWidth]. The empty prompt
// is the unconditional one.
func (c DenoiserConfig) Text(prompt string, out []float32) {
	clear(out)
	places, _ := Words(prompt)
	for _, place := range places {
		out[place] = 1
	}
	if len(places) == 0 {
		out[len(c.Vocabulary)] = 1
	}
}

// Predict builds the network's prediction of v = alpha noise - sigma image
// (Salimans and Ho 2022, appendix D): noisy [batch, 64, 48], timesteps [batch],
// text [batch, TextWidth] -> [batch, 64, 48].
func (c DenoiserConfig) Predict(p nn.Params, noisy, timesteps, text *Node) *Node {
	time := nn.Dense(p.In("time"), nn.TimestepEmbedding(timesteps, 64), c.Condition, nn.FanIn(1))
	words := nn.ReLU(nn.Dense(p.In("words"), text, c.Condition, nn.FanIn(2)))
	words = nn.Linear(p.In("text"), words, c.Condition, nn.FanIn(1))
	condition := nn.ReLU(Add(time, words))
	condition = nn.ReLU(nn.Dense(p.In("condition"), condition, c.Condition, nn.FanIn(2)))
	x := patchnet.Build(p, c.Network, noisy, condition)
	return nn.Dense(p.In("out"), nn.LayerNorm(p.In("norm"), x), patchnet.PatchValues, nn.ZerosInit)
}
