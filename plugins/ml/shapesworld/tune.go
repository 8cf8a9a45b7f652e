package shapesworld

import (
	"context"
	"fmt"
	"os"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// dropText is the share of training images whose prompt is left out, so that
// the model can be guided (guidance.DropCaption).
const dropText = 0.1

// Tune trains the denoiser in store by the sum of the request's losses (package
// objective). reference are the weights that losses compare it with, if they ask for
// a reference, and are taken over then; nil: its own, as they are now.
func Tune(ctx context.Context, backend compute.Backend, config DenoiserConfig, store, reference *model.Store, request sdk.TuneRequest, report func(sdk.Progress) error) error {
	optimizer, err := train.ReadOptimizer(request.Optimizer)
	if err != nil {
		return err
	}
	examples, err := newTuneExamples(config, request.Scratch)
	if err != nil {
		return err
	}
	defer examples.close()
	policy := &policy{tuneExamples: examples, store: store, reference: reference, params: nn.LoadedParams(store)}
	if request.FromScratch {
		policy.params = nn.NewParams(store, request.Seed)
	}
	terms, err := objective.Load(ctx, request, policy)
	if err != nil {
		return err
	}
	WarnOfUnknown(ctx, examples.texts)
	options, err := readTuneOptions(request)
	if err != nil {
		return err
	}
	for v := range store.IterVariables() {
		v.SetTrainable(options.trains(v.Path()))
	}
	identity, err := objective.Identify(config, request)
	if err != nil {
		return err
	}
	job := objective.Job{
		Policy: policy,
		Step:   objective.Step{Terms: terms, Images: request.BatchSize, Chunks: backends.Parallel(backend), Seed: request.Seed},
	}
	return job.Run(ctx, &train.Loop{
		Backend:   backend,
		Store:     store,
		Steps:     request.Steps,
		Optimizer: optimizer,
		Scratch:   request.Scratch,
		Identity:  identity,
		Until:     request.Until,
		State:     request.State,
		Resume:    request.Resume,
	}, report)
}

// policy is the denoiser, as losses see it.
type policy struct {
	*tuneExamples
	store     *model.Store
	reference *model.Store // nil: the denoiser as it begins
	params    nn.Params
}

var _ objective.Policy = (*policy)(nil)

// Add takes in an image and returns its number.
func (p *policy) Add(_ context.Context, row table.Image) (int, error) {
	rgb, err := decode(row.Image.Bytes)
	if err != nil {
		return 0, err
	}
	return p.put(rgb, row.Prompt)
}

// Predict builds the predicted velocities, and the true ones.
func (p *policy) Predict(in []*Node) (prediction, target *Node) {
	noisy, target, timesteps, text := in[0], in[1], in[2], in[3]
	return p.config.Predict(p.params, noisy, timesteps, text), target
}

// Freeze keeps the reference's weights, which it takes over.
func (p *policy) Freeze() error {
	if p.reference != nil {
		return nn.FreezeFrom(p.store, p.reference)
	}
	return nn.Freeze(p.store)
}

// Reference builds the frozen network's prediction.
func (p *policy) Reference(in []*Node) *Node {
	noisy, timesteps, text := in[0], in[2], in[3]
	return p.config.Predict(p.params.Frozen(), noisy, timesteps, text)
}

// tuneExamples are the images that Tune learns from. Their pixels lie one after
// the other in a temporary file, so that memory does not grow by 3 KiB an image.
type tuneExamples struct {
	config  DenoiserConfig
	process diffusion.Process
	pixels  *os.File         // [images, 32, 32, 3] bytes
	prompts []int32          // by image, indices of texts
	texts   []string         // distinct prompts
	known   map[string]int32 // their indices
}

func newTuneExamples(config DenoiserConfig, scratch string) (*tuneExamples, error) {
	process := config.Process()
	if err := process.Prediction.Check(); err != nil {
		return nil, err
	}
	pixels, err := os.CreateTemp(scratch, "pixels-")
	if err != nil {
		return nil, fmt.Errorf("keep images for training: %w", err)
	}
	os.Remove(pixels.Name()) // it lives on without a name, and dies with the process; where that cannot be, close removes it
	return &tuneExamples{config: config, process: process, pixels: pixels, known: map[string]int32{}}, nil
}

// close removes the file, a copy of what is in the image tables.
func (e *tuneExamples) close() {
	e.pixels.Close()
	os.Remove(e.pixels.Name())
}

// put takes in pixels, [32, 32, 3], with their prompt.
func (e *tuneExamples) put(rgb []byte, prompt string) (int, error) {
	if _, err := e.pixels.Write(rgb); err != nil {
		return 0, fmt.Errorf("keep an image for training: %w", err)
	}
	index, ok := e.known[prompt]
	if !ok {
		index = int32(len(e.texts))
		e.known[prompt] = index
		e.texts = append(e.texts, prompt)
	}
	e.prompts = append(e.prompts, index)
	return len(e.prompts) - 1, nil
}

// Inputs are noisy images, the targets of their prediction, timesteps and texts.
func (e *tuneExamples) Inputs(draws []objective.Draw) (inputs []any, factors []float64, err error) {
	size := len(draws)
	textWidth := e.config.TextWidth()
	noisy := make([]float32, size*imageValues)
	target := make([]float32, size*imageValues)
	timesteps := make([]float32, size)
	text := make([]float32, size*textWidth)
	rgb, noise := make([]byte, imageValues), make([]float32, imageValues)
	for i, draw := range draws {
		timestep := draw.Random.IntN(e.config.Timesteps)
		x := noisy[i*imageValues : (i+1)*imageValues]
		if _, err := e.pixels.ReadAt(rgb, int64(draw.Image)*imageValues); err != nil {
			return nil, nil, fmt.Errorf("read an image back for training: %w", err)
		}
		ToPatches(rgb, x)
		for j := range noise {
			noise[j] = float32(draw.Random.NormFloat64())
		}
		at := e.process.Schedule.At(timestep)
		e.process.Prediction.Target(target[i*imageValues:(i+1)*imageValues], x, noise, at)
		at.AddNoise(x, x, noise)
		timesteps[i] = float32(timestep)
		prompt := e.texts[e.prompts[draw.Image]]
		if guidance.DropCaption(draw.Random, dropText) {
			prompt = ""
		}
		e.config.Text(prompt, text[i*textWidth:(i+1)*textWidth])
	}
	return []any{
		tensors.FromFlatDataAndDimensions(noisy, size, patchnet.Grid*patchnet.Grid, patchnet.PatchValues),
		tensors.FromFlatDataAndDimensions(target, size, patchnet.Grid*patchnet.Grid, patchnet.PatchValues),
		tensors.FromFlatDataAndDimensions(timesteps, size),
		tensors.FromFlatDataAndDimensions(text, size, textWidth),
	}, nil, nil
}
