package shapes

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/core/dataset"
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/loss"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Names of the losses that Tune understands.
const (
	LossRewardWeighted = "reward_weighted"
	LossPretraining    = "pretraining"
)

// dropText is the share of training images whose prompt is left out, so that
// the model can be guided (Ho and Salimans 2022, algorithm 1).
const dropText = 0.1

// term is one loss with the images that it samples from.
type term struct {
	name    string
	weight  float64
	images  [][]byte // [32, 32, 3] each
	prompts []string
	factors []float64 // per image, 1 on average
	order   *train.Shuffled
}

// Tune trains the denoiser in store by the sum of the request's losses. A
// batch holds BatchSize images of every loss; the objective is
//
//	sum over losses of weight * mean over its images of factor * denoising loss
func Tune(ctx context.Context, backend compute.Backend, config DenoiserConfig, store *model.Store, request sdk.TuneRequest, report func(sdk.Progress) error) error {
	var terms []*term
	for i, l := range request.Losses {
		t, err := loadTerm(l, request.Seed+uint64(i))
		if err != nil {
			return err
		}
		terms = append(terms, t)
	}
	if len(terms) == 0 {
		return fmt.Errorf("there is no loss to train with")
	}
	batch := request.Optimizer.BatchSize
	total := batch * len(terms)
	chunks := plumbcompute.Parallel(backend)
	if total%chunks != 0 {
		chunks = 1
	}
	if !request.FromScratch {
		freezeText(store)
	}
	maker := &batchMaker{
		config: config, schedule: config.NoiseSchedule(), terms: terms,
		batch: batch, chunks: chunks, seed: request.Seed,
	}
	identity, err := json.Marshal(struct {
		Config  DenoiserConfig
		Request sdk.TuneRequest
	}{config, request})
	if err != nil {
		return err
	}
	loop := &train.Loop{
		Backend:   backend,
		Store:     store,
		Optimizer: request.Optimizer,
		Images:    total,
		Scratch:   request.Scratch,
		Identity:  train.Digest(identity),
		Batch:     maker.make,
		Values:    maker.values,
		Loss: func(inputs []*Node) (*Node, []*Node) {
			p := nn.LoadedParams(store)
			if request.FromScratch {
				p = nn.NewParams(store, request.Seed)
			}
			var objective *Node
			var values []*Node
			for i := range chunks {
				in := inputs[i*chunkInputs:]
				noisy, target, timesteps, text, factors := in[0], in[1], in[2], in[3], in[4]
				each := loss.Denoising(config.Predict(p, noisy, timesteps, text), target)
				part := ReduceAllSum(Mul(each, factors))
				if objective == nil {
					objective = part
				} else {
					objective = Add(objective, part)
				}
				values = append(values, each)
			}
			return objective, values
		},
	}
	return loop.Run(ctx, report)
}

// freezeText keeps what a prompt's words are read as. Fine-tuning changes how
// the image network answers to them, as it does where the text encoder is
// another model (Lee et al. 2023 tune Stable Diffusion's U-Net alone).
func freezeText(store *model.Store) {
	for v := range store.IterVariables() {
		if strings.HasPrefix(v.Path(), "/words.") || strings.HasPrefix(v.Path(), "/text.") {
			v.SetTrainable(false)
		}
	}
}

func loadTerm(l sdk.TuneLoss, seed uint64) (*term, error) {
	t := &term{name: l.Name, weight: l.Weight}
	var scores []float64
	for i, path := range l.Images {
		var ids []string
		for row, err := range dataset.Read[dataset.Image](path) {
			if err != nil {
				return nil, fmt.Errorf("loss %s: %w", l.Name, err)
			}
			rgb, err := decode(row.Image.Bytes)
			if err != nil {
				return nil, fmt.Errorf("loss %s: image %q: %w", l.Name, row.ID, err)
			}
			t.images = append(t.images, rgb)
			t.prompts = append(t.prompts, row.Prompt)
			ids = append(ids, row.ID)
		}
		if len(l.Scores) == 0 {
			continue
		}
		byID := map[string]float64{}
		for row, err := range dataset.Read[dataset.Score](l.Scores[i]) {
			if err != nil {
				return nil, fmt.Errorf("loss %s: %w", l.Name, err)
			}
			byID[row.ImageID] = row.Score
		}
		for _, id := range ids {
			score, ok := byID[id]
			if !ok {
				return nil, fmt.Errorf("loss %s: image %q has no score", l.Name, id)
			}
			scores = append(scores, score)
		}
	}
	if len(t.images) == 0 {
		return nil, fmt.Errorf("loss %s: there are no images to learn from", l.Name)
	}
	if len(l.Scores) > 0 {
		var err error
		if t.factors, err = loss.RewardWeights(scores); err != nil {
			return nil, fmt.Errorf("loss %s: %w", l.Name, err)
		}
	}
	t.order = train.NewShuffled(len(t.images), seed)
	return t, nil
}

// batchMaker draws what is random in a training step.
type batchMaker struct {
	config   DenoiserConfig
	schedule diffusion.Schedule
	terms    []*term
	batch    int // images of each term
	chunks   int
	seed     uint64
}

// chunkInputs is the number of inputs of one part of a batch.
const chunkInputs = 5

// make draws the batch of a step. Each example has a random source of its own,
// seeded by the job, the step and its place.
func (m *batchMaker) make(step int) ([]any, error) {
	total := m.batch * len(m.terms)
	size := total / m.chunks
	textWidth := m.config.TextWidth()
	var inputs []any
	for chunk := range m.chunks {
		noisy := make([]float32, size*imageValues)
		target := make([]float32, size*imageValues)
		timesteps := make([]float32, size)
		text := make([]float32, size*textWidth)
		factors := make([]float32, size)
		for i := range size {
			// Terms alternate, so that every chunk has its share of each.
			place := chunk*size + i
			t := m.terms[place%len(m.terms)]
			example := t.order.At(step*m.batch + place/len(m.terms))
			random := rand.New(rand.NewPCG(m.seed, uint64(step)<<20|uint64(place)))
			timestep := random.IntN(m.config.Timesteps)
			alpha, sigma := float32(m.schedule.Alpha(timestep)), float32(m.schedule.Sigma(timestep))
			x := noisy[i*imageValues : (i+1)*imageValues]
			v := target[i*imageValues : (i+1)*imageValues]
			ToPatches(t.images[example], x)
			for j, pixel := range x {
				noise := float32(random.NormFloat64())
				x[j] = alpha*pixel + sigma*noise
				v[j] = alpha*noise - sigma*pixel
			}
			timesteps[i] = float32(timestep)
			prompt := t.prompts[example]
			if random.Float64() < dropText {
				prompt = ""
			}
			m.config.Text(prompt, text[i*textWidth:(i+1)*textWidth])
			factor := 1.0
			if t.factors != nil {
				factor = t.factors[example]
			}
			factors[i] = float32(t.weight * factor / float64(m.batch))
		}
		inputs = append(inputs,
			tensors.FromFlatDataAndDimensions(noisy, size, patchnet.Grid*patchnet.Grid, patchnet.PatchValues),
			tensors.FromFlatDataAndDimensions(target, size, patchnet.Grid*patchnet.Grid, patchnet.PatchValues),
			tensors.FromFlatDataAndDimensions(timesteps, size),
			tensors.FromFlatDataAndDimensions(text, size, textWidth),
			tensors.FromFlatDataAndDimensions(factors, size))
	}
	return inputs, nil
}

// values averages the denoising losses of each term over its images.
func (m *batchMaker) values(_ int, each [][]float32) map[string]float64 {
	sums := make([]float64, len(m.terms))
	place := 0
	for _, chunk := range each {
		for _, l := range chunk {
			sums[place%len(m.terms)] += float64(l)
			place++
		}
	}
	values := map[string]float64{}
	for i, t := range m.terms {
		values["loss/"+t.name] = sums[i] / float64(m.batch)
	}
	return values
}
