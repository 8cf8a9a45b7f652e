package shapesworld

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// heldOutShare is the share of the scenes that are not trained on, and that the
// judge's accuracy is measured on.
const heldOutShare = 0.1

// FitJudge trains a judge on clean scenes, whose prompts name all four attributes,
// and measures its accuracy on held-out scenes.
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
	identity, err := fitIdentity(config, settings, request)
	if err != nil {
		return config, err
	}
	loop := &train.Loop{
		Backend: backend, Store: store, Steps: settings.Steps, Optimizer: settings.Optimizer(),
		Scratch: request.Scratch, Identity: identity,
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

// accuracy is the judge's accuracy on some of the examples, by attribute.
func (j *Judge) accuracy(ctx context.Context, examples []Example, rows []int) (map[string]float64, error) {
	var images [][]byte
	for _, row := range rows {
		images = append(images, examples[row].RGB)
	}
	right := map[string]int{}
	err := evaluate(ctx, j.exec, images, func(image int, probabilities [][]float32) {
		asked := Ask(examples[rows[image]].Prompt)
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
		shares[name] = float64(n) / float64(len(rows))
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

// spoil makes a training image for the judge: mostly the first scene as it is,
// sometimes something that no scene looks like, so that the judge learns that class.
// It returns the class of each head, -1 for no target.
//
//   - Two halves of different scenes: attributes that differ are "something else"; the
//     count has no target.
//   - A smeared scene: the object is "something else".
func spoil(first, second Example, random *rand.Rand) ([]byte, []int) {
	classes := make([]int, len(heads))
	a, b := Ask(first.Prompt), Ask(second.Prompt)
	for h, head := range heads {
		classes[h] = head.asked(a)
	}
	switch u := random.Float64(); {
	case u < 0.12:
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
	case u < 0.2:
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
