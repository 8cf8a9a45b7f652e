// Package inception is the encoder "inception": the features that the Fréchet
// inception distance of the field is measured on.
package inception

import (
	"context"
	"encoding/json"
	"io"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/models/inceptionv3"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	Weights string `json:"weights"`
}

// Component describes the encoder.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindEncoder,
			Name:    "inception",
			Summary: "FID's Inception-v3 (pool3, 2048 features), images resized as clean-fid does. Only FIDs with the published weights may be compared with published FIDs. " + inceptionv3.Conversion,
			Schema: sdk.Schema{Attributes: []sdk.Attribute{
				{Name: "weights", Type: sdk.TypeString, Required: true, Path: true, Summary: "Safetensors file of pytorch-fid's weights, pt_inception-2015-12-05; the component's summary has the line that makes it."},
			}},
			Resizing:       "bicubic with antialiasing to 299 x 299 in floating point, as clean-fid does it",
			PreferredBatch: 32,
			NeedsDevice:    true,
			CodeVersion:    "2",
			Notice:         "Images are resized before Inception as clean-fid does it; with the other programs' bilinear filters FID is another number.",
		},
		Estimate: estimate,
		Check:    check,
		Open:     open,
	}
}

type encoder struct{ network *inceptionv3.Compiled }

var (
	_ sdk.Encoder = encoder{}
	_ io.Closer   = encoder{}
)

func check(text json.RawMessage) error {
	c, err := sdk.Decode[config](text)
	if err != nil || c.Weights == "" {
		return err
	}
	backend, err := backends.Open(backends.Go)
	if err != nil {
		return err
	}
	return inceptionv3.Check(backend, c.Weights)
}

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	c, err := sdk.Decode[config](request.Config)
	if err != nil {
		return nil, err
	}
	if c.Weights == "" {
		return nil, sdk.Diagnostic{
			Summary: "The encoder inception needs weights",
			Detail:  "None come with this program: write weights = \"inception.safetensors\". " + inceptionv3.Conversion,
		}
	}
	backend, err := backends.Open(request.Backend)
	if err != nil {
		return nil, err
	}
	network, store, err := inceptionv3.Read(backend, c.Weights)
	if err != nil {
		return nil, err
	}
	compiled, err := inceptionv3.Compile(backend, network, store)
	if err != nil {
		return nil, err
	}
	return encoder{compiled}, nil
}

// EncodeImages makes [2048] of each image, of any size.
func (e encoder) EncodeImages(ctx context.Context, images []sdk.Image) ([][]float32, error) {
	return e.network.Features(ctx, images)
}

// Close frees the compiled network.
func (e encoder) Close() error {
	e.network.Close()
	return nil
}
