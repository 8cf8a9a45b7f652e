package feedback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Streams of random numbers that are drawn from one seed.
const (
	validationStream = 1 // which images are held out
	negativeStream   = 2 // mixed into the seed of a step's negatives
)

var _ sdk.TextLister = (*reward)(nil)

// classification is what prompt classification asks for; nil without it. A
// weight of 0 is exactly as without the block.
func (r *reward) classification() *promptClassification {
	if auxiliary := r.config.Auxiliary.PromptClassification; auxiliary != nil && auxiliary.Weight != 0 {
		return auxiliary
	}
	return nil
}

// FitTexts lists the negatives of the labelled prompts that are no image's own
// prompt.
func (r *reward) FitTexts(ctx context.Context, request sdk.FitRequest) ([]string, error) {
	if r.classification() == nil {
		return nil, nil
	}
	corpus, err := readCorpus(ctx, request)
	if err != nil {
		return nil, err
	}
	corpus.listTexts(true)
	return slices.DeleteFunc(corpus.names, func(text string) bool { return corpus.captions[text] }), nil
}

// Fit learns from labelled images.
//
// It has no use for the scratch directory: a fit takes minutes, so one that was
// killed starts anew.
func (r *reward) Fit(ctx context.Context, request sdk.FitRequest, report func(sdk.Progress) error) error {
	// 1. What there is to learn from.
	corpus, err := readCorpus(ctx, request)
	if err != nil {
		return err
	}
	auxiliary := r.classification()
	corpus.listTexts(auxiliary != nil)
	if err := corpus.readTexts(ctx, request.TextFeatures); err != nil {
		return err
	}
	imageWidth, textWidth, err := corpus.widths()
	if err != nil {
		return err
	}
	learn, validate := corpus.split(r.config.ValidationShare, request.Seed)
	if err := constant(learn); err != nil {
		return err
	}

	// 2. The job.
	job := &job{
		reward: r, auxiliary: auxiliary, corpus: corpus, learn: learn, validate: validate, seed: request.Seed,
		order: train.NewShuffled(len(learn), request.Seed), store: model.NewStore(),
	}
	defer job.store.Finalize()
	job.inputs = inputs{ImageWidth: imageWidth, TextWidth: textWidth, Products: r.config.Products}
	if job.inputs.Products && job.inputs.ImageWidth != job.inputs.TextWidth {
		return sdk.Diagnostic{
			Summary: "The encoder's images and prompts cannot be multiplied",
			Detail: fmt.Sprintf("It gives %d numbers of an image and %d of a prompt; products = true takes the terms of their cosine, for which they must be as many. Remove it.",
				job.inputs.ImageWidth, job.inputs.TextWidth),
		}
	}
	job.standard = unchanged(job.inputs.width())
	if r.config.Standardize {
		job.standard = measure(job.inputs, learn, corpus.texts)
	}
	if auxiliary != nil {
		if err := job.checkNegatives(ctx); err != nil {
			return err
		}
	}

	// 3. Training.
	if err := job.run(ctx, r.backend, report); err != nil {
		return r.diverged(err)
	}
	result := &checkpoint{
		Class: className, Config: r.config.Config, inputs: job.inputs,
		Fit: fit{Images: len(learn), ValidationImages: len(validate), Step: job.keptStep},
	}
	if len(validate) > 0 {
		result.Fit.ValidationMSE = &job.keptMSE
	}
	return result.write(request.Output, job.kept, job.standard)
}

// job is one training of the head.
type job struct {
	reward          *reward
	auxiliary       *promptClassification // nil: the labels alone
	corpus          *corpus
	learn, validate []example
	seed            uint64
	order           *train.Shuffled
	store           *model.Store
	inputs          inputs
	standard        *standard

	// The weights for the checkpoint, so far.
	kept     map[string]safetensors.Tensor
	keptStep int
	keptMSE  float64 // on validate; nothing if that is empty
}

// checkNegatives refuses prompt classification where no prompt has another one
// to be told apart from, and warns where some have none.
func (j *job) checkNegatives(ctx context.Context) error {
	used, without := map[int]bool{}, 0
	for _, e := range j.learn {
		if !used[e.prompt] {
			used[e.prompt] = true
			if len(j.corpus.prompts[e.prompt].others) == 0 {
				without++
			}
		}
	}
	switch without {
	case 0:
		return nil
	case len(used):
		return sdk.Diagnostic{
			Summary: "Prompt classification has no prompts to tell apart",
			Detail: "Its negatives are prompts with one slot's word replaced by another word of that slot. None of the labelled prompts has slots with more than one word: " +
				"write them as a template with slots, or remove the auxiliary block.",
		}
	}
	sdk.Warn(ctx, fmt.Sprintf("%d of %d labelled prompts have no slot to replace a word in; prompt classification does not learn from their images.", without, len(used)))
	return nil
}

// run trains and keeps the weights for the checkpoint.
func (j *job) run(ctx context.Context, backend compute.Backend, report func(sdk.Progress) error) error {
	settings := j.reward.config.Settings
	validation, err := newHead(backend, j.reward.config.Config, j.inputs, j.store, j.standard)
	if err != nil {
		return err
	}
	defer validation.close()
	epoch := (len(j.learn) + settings.BatchSize - 1) / settings.BatchSize
	loop := &train.Loop{
		Backend: backend, Store: j.store, Steps: settings.Steps, Optimizer: settings.Optimizer(),
		Batch: j.batch,
		Loss: func(in []*Node) (*Node, []*Node) {
			total, mse, classification := objective(nn.NewParams(j.store, j.seed), j.reward.config.Config, j.auxiliary,
				batch{images: in[0], rest: in[1], labels: in[2], present: in[3], weights: in[4]})
			if classification == nil {
				return total, []*Node{mse}
			}
			return total, []*Node{mse, classification}
		},
		Values: func(_ int, terms [][]float32) map[string]float64 {
			values := map[string]float64{"loss/mse": float64(terms[0][0])}
			if len(terms) > 1 {
				values["loss/prompt_classification"] = float64(terms[1][0])
			}
			return values
		},
	}
	return loop.Run(ctx, func(progress sdk.Progress) error {
		last := progress.Step == progress.Steps
		if last || (len(j.validate) > 0 && progress.Step%epoch == 0) {
			if err := j.keep(ctx, validation, progress.Step, progress.Values); err != nil {
				return err
			}
		}
		if last && len(j.validate) > 0 {
			progress.Values["validation/kept_mse"] = j.keptMSE
		}
		return report(progress)
	})
}

// keep validates the weights as they are after a step and keeps them if they
// are to be the checkpoint.
func (j *job) keep(ctx context.Context, validation *head, step int, values map[string]float64) error {
	if len(j.validate) == 0 {
		j.kept, j.keptStep = train.Tensors(j.store), step
		return nil
	}
	images, texts := make([][]float32, len(j.validate)), make([][]float32, len(j.validate))
	for i, e := range j.validate {
		images[i], texts[i] = e.image, j.corpus.texts[e.text]
	}
	rewards, err := validation.score(ctx, images, texts)
	if errors.Is(err, errNotANumber) {
		return train.Diverged{Diagnostic: sdk.Diagnostic{Summary: fmt.Sprintf("Training diverged at step %d", step)}}
	}
	if err != nil {
		return err
	}
	var mse float64
	for i, e := range j.validate {
		mse += (e.label - rewards[i]) * (e.label - rewards[i]) / float64(len(j.validate))
	}
	values["validation/mse"] = mse
	if j.kept == nil || mse < j.keptMSE || !j.reward.config.EarlyStopping {
		j.kept, j.keptStep, j.keptMSE = train.Tensors(j.store), step, mse
	}
	return nil
}

// batch draws what a step learns from. The negatives of an image are drawn
// without repetition, by the seed, the step and the image's position in it.
func (j *job) batch(step int) ([]any, error) {
	size, candidates := j.reward.config.BatchSize, 1
	if j.auxiliary != nil {
		candidates += j.auxiliary.Negatives
	}
	imageWidth, restWidth := j.inputs.ImageWidth, j.inputs.rest()
	row := make([]float32, j.inputs.width())
	images := make([]float32, size*imageWidth)
	rest := make([]float32, size*candidates*restWidth)
	labels, present, weights := make([]float32, size), make([]float32, size*candidates), make([]float32, size)
	for i := range size {
		e := j.learn[j.order.At(step*size+i)]
		labels[i] = float32(e.label)
		choice := []int{e.text}
		if others := j.corpus.prompts[e.prompt].others; candidates > 1 && len(others) > 0 {
			random := rand.New(rand.NewPCG(j.seed^negativeStream<<32, uint64(step)<<20|uint64(i)))
			choice = append(choice, someOf(others, candidates-1, random)...)
			weights[i] = 1
			if j.auxiliary.Examples == examplesGood {
				weights[i] = float32(e.label)
			}
		}
		for k, text := range choice {
			at := i*candidates + k
			j.inputs.write(e.image, j.corpus.texts[text], row)
			j.standard.apply(row)
			copy(images[i*imageWidth:], row[:imageWidth])
			copy(rest[at*restWidth:], row[imageWidth:])
			present[at] = 1
		}
	}
	return []any{
		tensors.FromFlatDataAndDimensions(images, size, imageWidth),
		tensors.FromFlatDataAndDimensions(rest, size, candidates, restWidth),
		tensors.FromFlatDataAndDimensions(labels, size),
		tensors.FromFlatDataAndDimensions(present, size, candidates),
		tensors.FromFlatDataAndDimensions(weights, size),
	}, nil
}

// someOf draws at most n of the values, each at most once.
func someOf(values []int, n int, random *rand.Rand) []int {
	pool := append([]int{}, values...)
	n = min(n, len(pool))
	for i := range n {
		k := i + random.IntN(len(pool)-i)
		pool[i], pool[k] = pool[k], pool[i]
	}
	return pool[:n]
}
