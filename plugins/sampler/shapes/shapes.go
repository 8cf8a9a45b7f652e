// Package shapes is the sampler "shapes": the miniature's text-to-image
// diffusion model, which draws 32x32 scenes and can be fine-tuned.
package shapes

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/shapesworld"
	"github.com/plumb-ml/plumb/plugins/ml/shapesworld/weights"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	GuidanceScale     float64 `json:"guidance_scale"`
	NumInferenceSteps int     `json:"num_inference_steps"`
	Solver            string  `json:"solver"`
	Weights           string  `json:"weights"`
}

// Component describes the sampler.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindSampler,
			Name:    "shapes",
			Summary: "Miniature diffusion model that draws 32x32 scenes of shapes.",
			Schema: sdk.Schema{Attributes: []sdk.Attribute{
				{Name: "guidance_scale", Type: sdk.TypeNumber, Default: json.RawMessage(`1.5`), Minimum: sdk.Bound(0), Maximum: sdk.Bound(30), Summary: "Classifier-free guidance: u + scale (c - u); 1 means none."},
				{Name: "num_inference_steps", Type: sdk.TypeInteger, Default: json.RawMessage(`8`), Minimum: sdk.Bound(1), Maximum: sdk.Bound(1000), Summary: "Steps of the solver."},
				{Name: "solver", Type: sdk.TypeString, Default: json.RawMessage(`"dpmpp_2m"`), OneOf: diffusion.SolverNames(), Summary: "How the noise schedule is integrated, from its last timestep to no noise; there euler is ddim."},
				{Name: "weights", Type: sdk.TypeString, Path: true, Summary: "Directory with config.json and model.safetensors; the embedded weights if absent."},
			}},
			PreferredBatch: shapesworld.SampleBatch,
			NeedsDevice:    true,
			CodeVersion:    weights.Version("4", "denoiser"),
			Notice:         shapesworld.Notice,
			Capabilities:   []sdk.Capability{sdk.CapabilityTune, sdk.CapabilityTuneInParts, sdk.CapabilityCheckPrompts},
			Losses:         objective.Losses(),
			Tuning:         shapesworld.TuneSchema,
		},
		CheckPrompts: shapesworld.CheckPrompts,
		Check:        check,
		Open:         open,
	}
}

type sampler struct {
	config    config
	directory string // of the weights; empty: the embedded ones
	backend   compute.Backend
	network   shapesworld.DenoiserConfig
	store     *model.Store // nil before load
	pipeline  *shapesworld.Pipeline
}

var (
	_ sdk.Sampler       = (*sampler)(nil)
	_ sdk.Tuner         = (*sampler)(nil)
	_ sdk.MemoryAdvisor = (*sampler)(nil)
)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	c, err := sdk.Decode[config](request.Config)
	if err != nil {
		return nil, err
	}
	s := &sampler{config: c}
	if s.backend, err = backends.Open(request.Backend); err != nil {
		return nil, err
	}
	s.directory = request.Checkpoint
	if s.directory == "" {
		s.directory = s.config.Weights
	}
	if s.directory != "" {
		return s, s.load()
	}
	return s, nil
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
	return instance.(*sampler).Close()
}

// load reads the weights: a checkpoint directory, or the embedded ones. Those
// are read late, because training from scratch does without them.
func (s *sampler) load() error {
	if s.store != nil {
		return nil
	}
	var err error
	s.store, err = weights.Load(s.directory, "denoiser", &s.network)
	return err
}

// Sample draws images.
func (s *sampler) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for _, draw := range draws {
		if err := shapesworld.Refuse(draw.Prompt.Text); err != nil {
			return err
		}
	}
	if err := s.load(); err != nil {
		return err
	}
	if s.pipeline == nil {
		pipeline, err := shapesworld.NewPipeline(s.backend, s.network, s.store, diffusion.Sampling{Solver: s.config.Solver, Steps: s.config.NumInferenceSteps}, s.config.GuidanceScale)
		if err != nil {
			return err
		}
		s.pipeline = pipeline
	}
	return s.pipeline.Sample(ctx, draws, emit)
}

// Tune fine-tunes the model, or trains one from scratch.
func (s *sampler) Tune(ctx context.Context, request sdk.TuneRequest, report func(sdk.Progress) error) error {
	if err := objective.CheckSizes(request.Losses, request.BatchSize, 0); err != nil {
		return err
	}
	network, store := shapesworld.DefaultDenoiser(), model.NewStore()
	if !request.FromScratch {
		if err := s.load(); err != nil {
			return err
		}
		clone, err := s.store.Clone() // the instance goes on drawing with its own weights
		if err != nil {
			return err
		}
		network, store = s.network, clone
	}
	reference, err := s.reference(request, network)
	if err != nil {
		return err
	}
	if reference != nil {
		defer reference.Finalize() // of what was not taken over
	}
	if err := shapesworld.Tune(ctx, s.backend, network, store, reference, request, report); err != nil {
		return err
	}
	return train.WriteCheckpoint(request.Output, network, store)
}

// reference reads the weights that a request names for its losses to compare with;
// nil if it names none.
func (s *sampler) reference(request sdk.TuneRequest, tuned shapesworld.DenoiserConfig) (*model.Store, error) {
	if request.Reference == nil {
		return nil, nil
	}
	directory := request.Reference.Checkpoint
	if directory == "" {
		directory = s.config.Weights
	}
	var network shapesworld.DenoiserConfig
	store, err := weights.Load(directory, "denoiser", &network)
	if err != nil {
		return nil, fmt.Errorf("read the reference: %w", err)
	}
	if !reflect.DeepEqual(network, tuned) {
		store.Finalize()
		return nil, sdk.Diagnostic{
			Summary: "The reference is another network than the model that is tuned",
			Detail:  fmt.Sprintf("Its configuration is %+v, that of the tuned one %+v. A loss compares their predictions on the same images: name a model of the same network.", network, tuned),
		}
	}
	return store, nil
}

// MemoryAdvice lists settings that make a call take less memory of the device.
func (s *sampler) MemoryAdvice(_ sdk.Call, tune *sdk.TuneRequest) []sdk.Advice {
	if tune == nil {
		return nil
	}
	return train.SmallerBatch("finetune", tune.BatchSize, objective.Group(tune.Losses), 1)
}

// Close frees the compiled network and the weights.
func (s *sampler) Close() error {
	if s.pipeline != nil {
		s.pipeline.Close()
	}
	if s.store != nil {
		s.store.Finalize()
	}
	return nil
}
