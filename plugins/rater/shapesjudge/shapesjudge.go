// Package shapesjudge is the rater "shapes_judge": simulated people who look
// at images of the world of shapes.
package shapesjudge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/shapesworld"
	"github.com/plumb-ml/plumb/plugins/ml/shapesworld/weights"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	Raters    int     `json:"raters" plumb:"min=1,max=99" help:"People who look at every image."`
	ErrorRate float64 `json:"error_rate" plumb:"min=0,max=0.5" help:"Share of labels, and of choices between two images, that are the wrong way round."`
	SkipRate  float64 `json:"skip_rate" plumb:"min=0,max=1" help:"Share of images that a rater skips, and of pairs that he ties for want of an answer."`
	Weights   string  `json:"weights" plumb:"path,optional" help:"Directory with config.json and model.safetensors; the embedded judge if absent."`
	train.Settings
}

// Component describes the rater.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindRater,
			Name:    "shapes_judge",
			Summary: "Simulated raters for the world of shapes: a judge network and errors of each rater's own.",
			Schema: sdk.Settings(config{
				Raters: 9, ErrorRate: 0.08, SkipRate: 0.04,
				Settings: train.Settings{Steps: 1500, BatchSize: 64, LearningRate: 1e-3, WeightDecay: 0.01},
			}),
			PreferredBatch: shapesworld.ImageBatch,
			NeedsDevice:    true,
			CodeVersion:    weights.Version("2", "judge"),
			Notice:         shapesworld.Notice,
			Capabilities:   []sdk.Capability{sdk.CapabilityFit, sdk.CapabilityCompare, sdk.CapabilityCheckPrompts},
		},
		CheckPrompts: shapesworld.CheckPrompts,
		Check:        check,
		Open:         open,
	}
}

type raters struct {
	config    config
	directory string
	seed      uint64
	backend   compute.Backend
	network   shapesworld.JudgeConfig
	judge     *shapesworld.Judge // nil before load
}

var (
	_ sdk.Rater         = (*raters)(nil)
	_ sdk.Comparer      = (*raters)(nil)
	_ sdk.Fitter        = (*raters)(nil)
	_ sdk.Informer      = (*raters)(nil)
	_ io.Closer         = (*raters)(nil)
	_ sdk.MemoryAdvisor = (*raters)(nil)
)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	config, err := sdk.Decode[config](request.Config)
	if err != nil {
		return nil, err
	}
	r := &raters{config: config, seed: request.Seed, directory: request.Checkpoint}
	if r.directory == "" {
		r.directory = r.config.Weights
	}
	r.backend, err = backends.Open(request.Backend)
	return r, err
}

// check reads the weights that a configuration names: they are small.
func check(text json.RawMessage) error {
	c, err := sdk.Decode[config](text)
	if err != nil || c.Weights == "" {
		return err
	}
	instance, err := open(context.Background(), sdk.OpenRequest{Config: text, Backend: backends.Go})
	if err != nil {
		return err
	}
	r := instance.(*raters)
	return errors.Join(r.load(), r.Close())
}

// load reads the judge's weights, once. An instance whose weights cannot be read
// opens all the same, because fitting a new judge does without them: it has no
// facts, and Rate and Compare fail with the reason.
func (r *raters) load() error {
	if r.judge != nil {
		return nil
	}
	store, err := weights.Load(r.directory, "judge", &r.network)
	if err != nil {
		return err
	}
	r.judge, err = shapesworld.NewJudge(r.backend, r.network, store)
	return err
}

// Facts are the judge's own accuracies on held-out clean scenes; none if its
// weights cannot be read.
func (r *raters) Facts() map[string]float64 {
	facts := map[string]float64{}
	if r.load() != nil {
		return facts
	}
	for name, accuracy := range r.network.Accuracy {
		facts["judge_accuracy_"+name] = accuracy
	}
	return facts
}

// Rate gives each rater's label: good if the image shows all that its prompt
// asks for. A rater sees the judge's probability of that, so raters disagree
// about images that are hard to tell, and errs and skips on his own.
func (r *raters) Rate(ctx context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	agrees, err := r.agrees(ctx, items)
	if err != nil {
		return nil, err
	}
	labels := make([][]sdk.Label, len(items))
	for i, item := range items {
		for rater := range r.config.Raters {
			labels[i] = append(labels[i], r.label(agrees[i], r.random(item.ID, item.Prompt.Text, rater)))
		}
	}
	return labels, nil
}

// Compare gives each rater's choice, by the same model of a rater as Rate: he
// takes an image to show all that the prompt asks for with the judge's
// probability of that, p for the first image and q for the second, and
// independently for the two. He chooses the image that shows it if the other one
// does not, and ties otherwise:
//
//	first    p (1 - q)
//	second   q (1 - p)
//	tie      p q + (1 - p) (1 - q)
//
// Among choices without ties this is the model of Bradley and Terry (1952), with
// the odds p / (1 - p) as an image's strength. With the probability error_rate he
// then points at the other image, and with skip_rate he cannot tell and ties.
func (r *raters) Compare(ctx context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	items := make([]sdk.Item, 0, 2*len(pairs))
	for _, pair := range pairs {
		items = append(items,
			sdk.Item{ID: pair.ID + ", first", Prompt: pair.Prompt, Image: pair.First},
			sdk.Item{ID: pair.ID + ", second", Prompt: pair.Prompt, Image: pair.Second})
	}
	agrees, err := r.agrees(ctx, items)
	if err != nil {
		return nil, err
	}
	choices := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		for rater := range r.config.Raters {
			choices[i] = append(choices[i], r.choice(agrees[2*i], agrees[2*i+1], r.random(pair.ID, pair.Prompt.Text, rater)))
		}
	}
	return choices, nil
}

func (r *raters) agrees(ctx context.Context, items []sdk.Item) ([]float64, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	images, prompts := make([][]byte, len(items)), make([]string, len(items))
	for i, item := range items {
		if item.Image.Width != shapesworld.Size || item.Image.Height != shapesworld.Size {
			return nil, fmt.Errorf("image %q is %dx%d pixels, the judge of the world of shapes looks at %dx%d", item.ID, item.Image.Width, item.Image.Height, shapesworld.Size, shapesworld.Size)
		}
		if err := shapesworld.Refuse(item.Prompt.Text); err != nil {
			return nil, err
		}
		images[i], prompts[i] = item.Image.RGB, item.Prompt.Text
	}
	return r.judge.Agrees(ctx, images, prompts)
}

// random is the source of one rater's answer about one image or pair. It does not
// depend on what else is rated.
func (r *raters) random(id, prompt string, rater int) *rand.Rand {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s\x00%s\x00%d", id, prompt, rater)
	return rand.New(rand.NewPCG(r.seed, hash.Sum64()))
}

func (r *raters) label(agrees float64, random *rand.Rand) sdk.Label {
	skip, good := random.Float64(), random.Float64()
	if skip < r.config.SkipRate {
		return sdk.LabelSkip
	}
	if good < r.config.ErrorRate+(1-2*r.config.ErrorRate)*agrees {
		return sdk.LabelGood
	}
	return sdk.LabelBad
}

func (r *raters) choice(first, second float64, random *rand.Rand) sdk.Choice {
	skip, chosen, wrong := random.Float64(), random.Float64(), random.Float64() < r.config.ErrorRate
	firstAlone, secondAlone := first*(1-second), second*(1-first)
	switch {
	case skip < r.config.SkipRate || chosen >= firstAlone+secondAlone:
		return sdk.Tie
	case (chosen < firstAlone) != wrong:
		return sdk.ChooseFirst
	}
	return sdk.ChooseSecond
}

// Fit trains a new judge on clean scenes and measures it on held-out ones.
func (r *raters) Fit(ctx context.Context, request sdk.FitRequest, report func(sdk.Progress) error) error {
	store := model.NewStore()
	network, err := shapesworld.FitJudge(ctx, r.backend, shapesworld.DefaultJudge(), store, r.config.Settings, request, report)
	if err != nil {
		return err
	}
	return train.WriteCheckpoint(request.Output, network, store)
}

// Close frees the compiled network.
func (r *raters) Close() error {
	if r.judge != nil {
		r.judge.Close()
	}
	return nil
}

// MemoryAdvice lists settings that make a call take less memory of the device.
func (r *raters) MemoryAdvice(call sdk.Call, _ *sdk.TuneRequest) []sdk.Advice {
	if call != sdk.CallFit {
		return nil
	}
	return r.config.Settings.MemoryAdvice("rater")
}
