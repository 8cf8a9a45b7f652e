package feedback

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/models/mlp"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
)

// checkpoint is the config.json of a fitted reward.
type checkpoint struct {
	Class string `json:"_class_name"`
	mlp.Config
	inputs
	Fit fit `json:"fit"`
}

const className = "FeedbackReward"

// fit says what a checkpoint was fitted on, and how well.
type fit struct {
	Images           int      `json:"images"`            // learnt from
	ValidationImages int      `json:"validation_images"` // held out
	ValidationMSE    *float64 `json:"validation_mse"`    // of the weights in the checkpoint; null if nothing was held out
	Step             int      `json:"step"`              // after which the weights were kept
}

// scoreBatch is the number of rows that a head scores at once.
const scoreBatch = 64

// errNotANumber is what comes of weights or embeddings that are out of bounds.
var errNotANumber = errors.New("the reward's answer is not a number: its weights are damaged, or the encoder's numbers far larger than those it was fitted on")

// head is the network on the embeddings, ready to score.
type head struct {
	inputs   inputs
	standard *standard
	exec     *model.Exec
}

// newHead compiles a head with the weights in store, which may go on changing.
func newHead(backend compute.Backend, network mlp.Config, in inputs, store *model.Store, s *standard) (*head, error) {
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, rows *Node) *Node {
		return Sigmoid(mlp.Logit(nn.NewParams(store, 0), network, rows))
	})
	if err != nil {
		return nil, fmt.Errorf("build reward: %w", err)
	}
	return &head{inputs: in, standard: s, exec: exec}, nil
}

func (h *head) close() { h.exec.Finalize() }

// score gives the reward of each image with its prompt, of their embeddings.
func (h *head) score(ctx context.Context, images, texts [][]float32) ([]float64, error) {
	width := h.inputs.width()
	scores := make([]float64, 0, len(images))
	for start := 0; start < len(images); start += scoreBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(scoreBatch, len(images)-start)
		rows := make([]float32, scoreBatch*width) // the last batch is filled up: one shape, one compilation
		for i := range n {
			row := rows[i*width : (i+1)*width]
			h.inputs.write(images[start+i], texts[start+i], row)
			h.standard.apply(row)
		}
		input := tensors.FromFlatDataAndDimensions(rows, scoreBatch, width)
		outputs, err := h.exec.Exec(input)
		if err != nil {
			return nil, fmt.Errorf("score: %w", err)
		}
		input.MustFinalizeAll()
		for _, r := range tensors.MustCopyFlatData[float32](outputs[0])[:n] {
			if math.IsNaN(float64(r)) {
				return nil, errNotANumber
			}
			scores = append(scores, float64(r))
		}
		outputs[0].MustFinalizeAll()
	}
	return scores, nil
}

// load reads a fitted reward.
func load(backend compute.Backend, directory string) (*checkpoint, *head, error) {
	c := &checkpoint{}
	file, err := train.ReadCheckpoint(directory, c)
	if err != nil {
		return nil, nil, err
	}
	if c.Class != className {
		return nil, nil, fmt.Errorf("checkpoint %s holds a %q, not a %s", directory, c.Class, className)
	}
	s, err := standardOf(file, c.width())
	if err != nil {
		return nil, nil, fmt.Errorf("checkpoint %s: %w", directory, err)
	}
	if err := checkShapes(file, c); err != nil {
		return nil, nil, fmt.Errorf("checkpoint %s: %w", directory, err)
	}
	store, err := train.Weights(file)
	if err != nil {
		return nil, nil, err
	}
	h, err := newHead(backend, c.Config, c.inputs, store, s)
	return c, h, err
}

// checkShapes refuses weights that are missing or of another size than the
// configuration says; the network would otherwise draw new ones.
func checkShapes(file *safetensors.File, c *checkpoint) error {
	in := c.width()
	for layer := range c.HiddenLayers + 1 {
		out := c.HiddenUnits
		if layer == c.HiddenLayers {
			out = 1
		}
		for name, dims := range map[string][]int{"weight": {in, out}, "bias": {out}} {
			name = fmt.Sprintf("layers.%d.%s", layer, name)
			if got := file.Tensors[name].Dims; fmt.Sprint(got) != fmt.Sprint(dims) {
				return fmt.Errorf("tensor %q has the shape %v, expected %v", name, got, dims)
			}
		}
		in = out
	}
	return nil
}

// write writes a fitted reward into a directory.
func (c *checkpoint) write(directory string, weights map[string]safetensors.Tensor, s *standard) error {
	s.store(weights)
	store, err := train.Weights(&safetensors.File{Tensors: weights})
	if err != nil {
		return err
	}
	defer store.Finalize()
	return train.WriteCheckpoint(directory, c, store)
}
