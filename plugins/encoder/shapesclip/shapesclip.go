// Package shapesclip is the encoder "shapes_clip": the CLIP of the world of
// shapes.
package shapesclip

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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
	Weights string `json:"weights" plumb:"path,optional" help:"Directory with config.json and model.safetensors; the embedded encoder if absent."`
	train.Settings
}

// Component describes the encoder.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindEncoder,
			Name:    "shapes_clip",
			Summary: "Miniature contrastive encoder of images and texts for the world of shapes.",
			Schema: sdk.Settings(config{
				Settings: train.Settings{Steps: 800, BatchSize: 64, LearningRate: 1e-3, WeightDecay: 0.02},
			}),
			PreferredBatch: shapesworld.ImageBatch,
			NeedsDevice:    true,
			CodeVersion:    weights.Version("2", "encoder"),
			Notice:         shapesworld.Notice,
			Capabilities:   []sdk.Capability{sdk.CapabilityTexts, sdk.CapabilityFit, sdk.CapabilityCheckPrompts},
		},
		CheckPrompts: shapesworld.CheckPrompts,
		Check:        check,
		Open:         open,
	}
}

type encoder struct {
	config    config
	directory string
	backend   compute.Backend
	encoder   *shapesworld.Encoder // nil before load
	warned    bool                 // of texts with unknown words
}

var (
	_ sdk.TextEncoder   = (*encoder)(nil)
	_ sdk.Fitter        = (*encoder)(nil)
	_ io.Closer         = (*encoder)(nil)
	_ sdk.MemoryAdvisor = (*encoder)(nil)
)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	config, err := sdk.Decode[config](request.Config)
	if err != nil {
		return nil, err
	}
	e := &encoder{config: config, directory: request.Checkpoint}
	if e.directory == "" {
		e.directory = e.config.Weights
	}
	e.backend, err = backends.Open(request.Backend)
	return e, err
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
	e := instance.(*encoder)
	return errors.Join(e.load(), e.Close())
}

// load reads the weights. They are read late, because fitting a new encoder
// does without them.
func (e *encoder) load() error {
	if e.encoder != nil {
		return nil
	}
	var network shapesworld.EncoderConfig
	store, err := weights.Load(e.directory, "encoder", &network)
	if err != nil {
		return err
	}
	e.encoder, err = shapesworld.NewEncoder(e.backend, network, store)
	return err
}

// EncodeImages encodes images, not normalized.
func (e *encoder) EncodeImages(ctx context.Context, images []sdk.Image) ([][]float32, error) {
	if err := e.load(); err != nil {
		return nil, err
	}
	pixels := make([][]byte, len(images))
	for i, image := range images {
		if image.Width != shapesworld.Size || image.Height != shapesworld.Size {
			return nil, fmt.Errorf("image %d is %dx%d pixels, the encoder of the world of shapes reads %dx%d", i, image.Width, image.Height, shapesworld.Size, shapesworld.Size)
		}
		pixels[i] = image.RGB
	}
	return e.encoder.Images(ctx, pixels)
}

// EncodeTexts encodes texts, not normalized.
func (e *encoder) EncodeTexts(ctx context.Context, texts []string) ([][]float32, error) {
	if err := e.load(); err != nil {
		return nil, err
	}
	e.warned = e.warned || shapesworld.WarnOfUnknown(ctx, texts)
	return e.encoder.Texts(ctx, texts)
}

// Fit trains a new encoder on images with captions.
func (e *encoder) Fit(ctx context.Context, request sdk.FitRequest, report func(sdk.Progress) error) error {
	network, store := shapesworld.DefaultEncoder(), model.NewStore()
	if err := shapesworld.FitEncoder(ctx, e.backend, network, store, e.config.Settings, request, report); err != nil {
		return err
	}
	return train.WriteCheckpoint(request.Output, network, store)
}

// Close frees the compiled networks.
func (e *encoder) Close() error {
	if e.encoder != nil {
		e.encoder.Close()
	}
	return nil
}

// MemoryAdvice lists settings that make a call take less memory of the device.
func (e *encoder) MemoryAdvice(call sdk.Call, _ *sdk.TuneRequest) []sdk.Advice {
	if call != sdk.CallFit {
		return nil
	}
	return e.config.Settings.MemoryAdvice("encoder")
}
