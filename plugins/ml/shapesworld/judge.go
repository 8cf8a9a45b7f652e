package shapesworld

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Attribute heads of the judge, in order. Each knows one class more than the
// world: "something else", for images that no scene looks like.
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

// Judge looks at images.
type Judge struct {
	exec *model.Exec
}

// LookBatch is the number of images that are looked at together, chosen as
// DrawBatch is.
const LookBatch = 96

// NewJudge prepares the judge with the weights in store.
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

// Agrees gives, for each image, the judge's probability that it shows all that
// its prompt asks for: the product over the asked attributes.
func (j *Judge) Agrees(ctx context.Context, images [][]byte, prompts []string) ([]float64, error) {
	agrees := make([]float64, len(images))
	err := lookAt(ctx, j.exec, images, func(image int, probabilities [][]float32) {
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

// lookAt runs a network on images in batches of a fixed size and hands each
// image's outputs to see.
func lookAt(ctx context.Context, exec *model.Exec, images [][]byte, see func(image int, outputs [][]float32)) error {
	for start := 0; start < len(images); start += LookBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := images[start:min(start+LookBatch, len(images))]
		patches := make([]float32, LookBatch*imageValues)
		for i, rgb := range part {
			ToPatches(rgb, patches[i*imageValues:(i+1)*imageValues])
		}
		input := patchTensor(patches, LookBatch)
		outputs, err := exec.Exec(input)
		if err != nil {
			return fmt.Errorf("look at images: %w", err)
		}
		input.MustFinalizeAll()
		var flats [][]float32
		for _, output := range outputs {
			flats = append(flats, tensors.MustCopyFlatData[float32](output))
			output.MustFinalizeAll()
		}
		for i := range part {
			var rows [][]float32
			for _, flat := range flats {
				width := len(flat) / LookBatch
				rows = append(rows, flat[i*width:(i+1)*width])
			}
			see(start+i, rows)
		}
	}
	return nil
}

func patchTensor(values []float32, batch int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, batch, patchnet.Grid*patchnet.Grid, patchnet.PatchValues)
}

// heldOutShare of the scenes is never trained on; the judge's accuracy is
// measured on it.
const heldOutShare = 0.1

// FitJudge trains a judge on clean scenes, whose prompts say all four
// attributes, and measures it on held-out ones.
func FitJudge(ctx context.Context, backend compute.Backend, config JudgeConfig, store *model.Store, settings train.Settings, request sdk.FitRequest, report func(sdk.Progress) error) (JudgeConfig, error) {
	examples, err := Examples(ctx, request.ImageTables())
	if err != nil {
		return config, err
	}
	for _, e := range examples {
		asked := Ask(e.Prompt)
		for _, head := range heads {
			if head.asked(asked) < 0 {
				return config, fmt.Errorf("image %q: its prompt %q does not say its %s; the judge learns from prompts that say all of count, color, object and background", e.ID, e.Prompt, head.name)
			}
		}
	}
	order := rand.New(rand.NewPCG(request.Seed, 1)).Perm(len(examples))
	held := int(heldOutShare * float64(len(examples)))
	if held == 0 {
		return config, fmt.Errorf("%d images are too few to train a judge and hold some out", len(examples))
	}
	learn := order[held:]
	shuffled := train.NewShuffled(len(learn), request.Seed)
	batch := settings.BatchSize
	identity, err := json.Marshal(struct {
		Config   JudgeConfig
		Settings train.Settings
		Request  sdk.FitRequest
	}{config, settings, request})
	if err != nil {
		return config, err
	}
	loop := &train.Loop{
		Backend: backend, Store: store, Steps: settings.Steps, Optimizer: settings.Optimizer(),
		Scratch: request.Scratch, Identity: train.Digest(identity),
		Batch: func(step int) ([]any, error) {
			patches := make([]float32, batch*imageValues)
			targets := make([][]float32, len(heads))
			for h, head := range heads {
				targets[h] = make([]float32, batch*head.classes)
			}
			for i := range batch {
				random := rand.New(rand.NewPCG(request.Seed, uint64(step)<<20|uint64(i)))
				first := examples[learn[shuffled.At(step*batch+i)]]
				second := examples[learn[random.IntN(len(learn))]]
				rgb, classes := spoil(first, second, random)
				ToPatches(rgb, patches[i*imageValues:(i+1)*imageValues])
				for h, class := range classes {
					if class >= 0 { // else no target: the head learns nothing from it
						targets[h][i*heads[h].classes+class] = 1
					}
				}
			}
			inputs := []any{patchTensor(patches, batch)}
			for h, head := range heads {
				inputs = append(inputs, tensors.FromFlatDataAndDimensions(targets[h], batch, head.classes))
			}
			return inputs, nil
		},
		Loss: func(inputs []*Node) (*Node, []*Node) {
			var sum *Node
			for h, l := range config.logits(nn.NewParams(store, request.Seed), inputs[0]) {
				cross := Neg(ReduceAllSum(Mul(inputs[1+h], LogSoftmax(l, -1))))
				if sum == nil {
					sum = cross
				} else {
					sum = Add(sum, cross)
				}
			}
			return MulScalar(sum, 1/float64(batch)), nil
		},
	}
	if err := loop.Run(ctx, report); err != nil {
		return config, err
	}
	averaged, err := train.Weights(train.File(store))
	if err != nil {
		return config, err
	}
	judge, err := NewJudge(backend, config, averaged)
	if err != nil {
		return config, err
	}
	defer judge.Close()
	config.Accuracy, err = judge.accuracy(ctx, examples, order[:held])
	config.HeldOut = held
	return config, err
}

// accuracy measures the judge on clean scenes.
func (j *Judge) accuracy(ctx context.Context, examples []Example, places []int) (map[string]float64, error) {
	var images [][]byte
	for _, place := range places {
		images = append(images, examples[place].RGB)
	}
	right := map[string]int{}
	err := lookAt(ctx, j.exec, images, func(image int, probabilities [][]float32) {
		asked := Ask(examples[places[image]].Prompt)
		all := 1
		for h, head := range heads {
			if argmax(probabilities[h]) == head.asked(asked) {
				right[head.name]++
			} else {
				all = 0
			}
		}
		right["all"] += all
	})
	shares := map[string]float64{}
	for name, n := range right {
		shares[name] = float64(n) / float64(len(places))
	}
	return shares, err
}

func argmax(values []float32) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// spoil makes a training image of the judge: mostly the first scene as it is,
// sometimes something that no scene looks like, so that the judge learns to say
// so. It returns the class of each head, -1 where there is none to learn.
//
//   - Two halves of different scenes: what differs is "something else"; the
//     count is not known.
//   - A smeared scene: the object is "something else".
func spoil(first, second Example, random *rand.Rand) ([]byte, []int) {
	classes := make([]int, len(heads))
	a, b := Ask(first.Prompt), Ask(second.Prompt)
	for h, head := range heads {
		classes[h] = head.asked(a)
	}
	switch draw := random.Float64(); {
	case draw < 0.12:
		rgb := make([]byte, len(first.RGB))
		cut := (Size/2 - 3 + random.IntN(7)) * 3
		for y := range Size {
			row := y * Size * 3
			copy(rgb[row:row+cut], first.RGB[row:row+cut])
			copy(rgb[row+cut:row+Size*3], second.RGB[row+cut:row+Size*3])
		}
		for h, head := range heads {
			if head.asked(b) != classes[h] {
				classes[h] = head.classes - 1
			}
		}
		classes[0] = -1
		return rgb, classes
	case draw < 0.2:
		classes[2] = len(Objects)
		classes[0] = -1
		return smear(first.RGB), classes
	}
	return first.RGB, classes
}

// smear averages over 9x9 pixels.
func smear(rgb []byte) []byte {
	const reach = 4
	out := make([]byte, len(rgb))
	for y := range Size {
		for x := range Size {
			for c := range 3 {
				sum, n := 0, 0
				for v := max(0, y-reach); v <= min(Size-1, y+reach); v++ {
					for u := max(0, x-reach); u <= min(Size-1, x+reach); u++ {
						sum += int(rgb[(v*Size+u)*3+c])
						n++
					}
				}
				out[(y*Size+x)*3+c] = byte(sum / n)
			}
		}
	}
	return out
}
