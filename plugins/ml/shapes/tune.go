package shapes

import (
	"context"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/core/dataset"
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/ml/tuning"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// dropText is the share of training images whose prompt is left out, so that
// the model can be guided (Ho and Salimans 2022, algorithm 1).
const dropText = 0.1

// Tune trains the denoiser in store by the sum of the request's losses (package
// tuning).
func Tune(ctx context.Context, backend compute.Backend, config DenoiserConfig, store *model.Store, request sdk.TuneRequest, report func(sdk.Progress) error) error {
	examples := &tuneExamples{config: config, schedule: config.NoiseSchedule()}
	terms, err := tuning.Load(ctx, request, examples.add)
	if err != nil {
		return err
	}
	batch := tuning.Batch{Terms: terms, Images: request.Optimizer.BatchSize, Seed: request.Seed}
	if chunks := plumbcompute.Parallel(backend); batch.Total()%chunks == 0 {
		batch.Chunks = chunks
	}
	options, err := readTuneOptions(request)
	if err != nil {
		return err
	}
	for v := range store.IterVariables() {
		v.SetTrainable(options.trains(v.Path()))
	}
	identity, err := tuning.Identify(config, request)
	if err != nil {
		return err
	}
	job := tuning.Job{
		Batch:  batch,
		Inputs: examples.inputs,
		Predict: func(in []*Node) (prediction, target *Node) {
			p := nn.LoadedParams(store)
			if request.FromScratch {
				p = nn.NewParams(store, request.Seed)
			}
			noisy, target, timesteps, text := in[0], in[1], in[2], in[3]
			return config.Predict(p, noisy, timesteps, text), target
		},
	}
	return job.Run(ctx, &train.Loop{
		Backend:   backend,
		Store:     store,
		Optimizer: request.Optimizer,
		Scratch:   request.Scratch,
		Identity:  identity,
	}, report)
}

// tuneExamples are the images that Tune learns from, in memory: 3 KiB each.
type tuneExamples struct {
	config   DenoiserConfig
	schedule diffusion.Schedule
	images   [][]byte // [32, 32, 3] each
	prompts  []string
}

// add takes in an image and returns its number.
func (e *tuneExamples) add(row dataset.Image) (int, error) {
	rgb, err := decode(row.Image.Bytes)
	if err != nil {
		return 0, err
	}
	e.images = append(e.images, rgb)
	e.prompts = append(e.prompts, row.Prompt)
	return len(e.images) - 1, nil
}

// inputs are noisy images, the velocities that are to be predicted, timesteps
// and texts.
func (e *tuneExamples) inputs(slots []tuning.Slot) ([]any, error) {
	size := len(slots)
	textWidth := e.config.TextWidth()
	noisy := make([]float32, size*imageValues)
	target := make([]float32, size*imageValues)
	timesteps := make([]float32, size)
	text := make([]float32, size*textWidth)
	for i, slot := range slots {
		timestep := slot.Random.IntN(e.config.Timesteps)
		alpha, sigma := float32(e.schedule.Alpha(timestep)), float32(e.schedule.Sigma(timestep))
		x := noisy[i*imageValues : (i+1)*imageValues]
		v := target[i*imageValues : (i+1)*imageValues]
		ToPatches(e.images[slot.Example], x)
		for j, pixel := range x {
			noise := float32(slot.Random.NormFloat64())
			x[j] = alpha*pixel + sigma*noise
			v[j] = alpha*noise - sigma*pixel
		}
		timesteps[i] = float32(timestep)
		prompt := e.prompts[slot.Example]
		if slot.Random.Float64() < dropText {
			prompt = ""
		}
		e.config.Text(prompt, text[i*textWidth:(i+1)*textWidth])
	}
	return []any{
		tensors.FromFlatDataAndDimensions(noisy, size, patchnet.Grid*patchnet.Grid, patchnet.PatchValues),
		tensors.FromFlatDataAndDimensions(target, size, patchnet.Grid*patchnet.Grid, patchnet.PatchValues),
		tensors.FromFlatDataAndDimensions(timesteps, size),
		tensors.FromFlatDataAndDimensions(text, size, textWidth),
	}, nil
}
