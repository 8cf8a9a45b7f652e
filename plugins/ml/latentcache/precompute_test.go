package latentcache

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/models/vae"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// tiny is an autoencoder with the architecture of Stable Diffusion v1's, and
// random weights.
const tiny = "../models/testdata/tiny-stable-diffusion/vae"

// TestPrecomputeRefusesNumbers: what is no number, or too large for half precision,
// names its image or caption and is not written.
func TestPrecomputeRefusesNumbers(t *testing.T) {
	backend := golden.Backend(t)
	autoencoder, err := vae.ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := autoencoder.Weights(backend).Read(tiny)
	if err != nil {
		t.Fatal(err)
	}
	defer weights.Finalize()
	png, err := imaging.EncodePNG(imaging.Image{Width: 8, Height: 8, RGB: make([]byte, 3*8*8)})
	if err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(t.TempDir(), "images.parquet")
	if err := table.WriteAll(images, []table.Image{{ID: "black", Image: table.File{Bytes: png}, Prompt: "night"}}); err != nil {
		t.Fatal(err)
	}
	precompute := func(dtype safetensors.DType, value float32, width int) error {
		return Precompute(t.Context(), backend, Request{
			PrecomputeRequest: sdk.PrecomputeRequest{Images: images, Output: t.TempDir(), Scratch: t.TempDir()},
			Autoencoder:       autoencoder, Weights: weights,
			Height: 8, Width: 8, Batch: 1, DType: dtype,
			Conditions: conditioning.Shapes{conditioning.Context: {1, 2}},
			Encode: func(_ context.Context, captions []string) ([]conditioning.Of[[]float32], error) {
				rows := make([]conditioning.Of[[]float32], len(captions))
				for i := range rows {
					rows[i] = conditioning.Of[[]float32]{conditioning.Context: make([]float32, width)}
				}
				rows[len(rows)-1][conditioning.Context][0] = value
				return rows, nil
			},
		}, func(sdk.Progress) error { return nil })
	}
	if err := precompute(safetensors.F16, 65504, 2); err != nil {
		t.Error(err)
	}
	if err := precompute(safetensors.F32, 1e6, 2); err != nil {
		t.Error(err)
	}
	for want, err := range map[string]error{
		`Caption "night" has embeddings with NaN`:                                   precompute(safetensors.F32, float32(math.NaN()), 2),
		`Caption "night" has embeddings with +Inf`:                                  precompute(safetensors.F16, float32(math.Inf(1)), 2),
		`Caption "night" has embeddings with 70000 in them, which float16 does not`: precompute(safetensors.F16, 70000, 2),
		"context of a caption has 3 numbers, expected 2: [1 2]":                     precompute(safetensors.F32, 0, 3),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
	// Weights that are no numbers give latents that are none.
	for v := range weights.IterVariables() {
		if strings.HasSuffix(v.Path(), "quant_conv.bias") {
			bias := v.Shape().Dimensions[0]
			values := make([]float32, bias)
			for i := range values {
				values[i] = float32(math.NaN())
			}
			if err := v.SetValue(golden.OnDevice(safetensors.Tensor{Dims: []int{bias}, Data: values})); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := precompute(safetensors.F32, 0, 2); err == nil || !strings.Contains(err.Error(), `Image "black" has latents with NaN`) {
		t.Errorf("error %v", err)
	}
}
