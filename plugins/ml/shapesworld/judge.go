package shapesworld

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// heads are the judge's outputs, one an attribute, in order. Each has one class more
// than the world: "something else", for images that no scene looks like.
var heads = []struct {
	name    string
	classes int
	asked   func(Attributes) int
}{
	{"count", len(Counts) + 1, func(a Attributes) int { return a.Count }},
	{"color", len(Colors) + 1, func(a Attributes) int { return a.Color }},
	{"object", len(Objects) + 1, func(a Attributes) int { return a.Object }},
	{"background", len(Backgrounds) + 1, func(a Attributes) int { return a.Background }},
}

// JudgeConfig is the config.json of a judge.
type JudgeConfig struct {
	Class   string          `json:"_class_name"`
	World   string          `json:"world"`
	Network patchnet.Config `json:"network"`
	// Accuracy on held-out clean scenes, by attribute, and for all four at once
	// under "all".
	Accuracy map[string]float64 `json:"held_out_accuracy"`
	HeldOut  int                `json:"held_out_images"`
}

// DefaultJudge is the judge that is trained from scratch.
func DefaultJudge() JudgeConfig {
	return JudgeConfig{
		Class:   "ShapesJudge",
		World:   "shapes (miniature)",
		Network: patchnet.Config{Width: 96, Narrow: 48, Hidden: 192, Heads: 3, Blocks: "ccmcacm"},
	}
}

// logits builds the judge: patches [batch, 64, 48] -> one [batch, classes] a head.
func (c JudgeConfig) logits(p nn.Params, patches *Node) []*Node {
	x := patchnet.Build(p, c.Network, patches)
	x = ReduceMean(nn.LayerNorm(p.In("norm"), x), 1)
	x = nn.ReLU(nn.Dense(p.In("pool"), x, 2*c.Network.Width, nn.FanIn(2)))
	var logits []*Node
	for _, head := range heads {
		logits = append(logits, nn.Dense(p.In(head.name), x, head.classes, nn.FanIn(1)))
	}
	return logits
}

// Judge rates images by what they show.
type Judge struct {
	exec *model.Exec
}

// NewJudge compiles the judge with the weights in store.
func NewJudge(backend compute.Backend, config JudgeConfig, store *model.Store) (*Judge, error) {
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, patches *Node) []*Node {
		var probabilities []*Node
		for _, l := range config.logits(nn.LoadedParams(store), patches) {
			probabilities = append(probabilities, Softmax(l, -1))
		}
		return probabilities
	})
	if err != nil {
		return nil, fmt.Errorf("build judge: %w", err)
	}
	return &Judge{exec: exec}, nil
}

// Close frees the compiled network.
func (j *Judge) Close() { j.exec.Finalize() }

// Agrees returns the judge's probability, for each image, that it shows what its
// prompt asks for: the product over the attributes that the prompt names.
func (j *Judge) Agrees(ctx context.Context, images [][]byte, prompts []string) ([]float64, error) {
	agrees := make([]float64, len(images))
	err := evaluate(ctx, j.exec, images, func(image int, probabilities [][]float32) {
		asked := Ask(prompts[image])
		agrees[image] = 1
		for h, head := range heads {
			if class := head.asked(asked); class >= 0 {
				agrees[image] *= float64(probabilities[h][class])
			}
		}
	})
	return agrees, err
}
