package main

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// TestConformance holds the plugin against the contract, over the real wire.
func TestConformance(t *testing.T) { plugintest.Run(t, plugin()) }

// TestEncodeImages: by hand, of two pixels one is dark and one is bright in red, both
// are dark in green and bright in blue.
func TestEncodeImages(t *testing.T) {
	image := sdk.Image{Width: 2, Height: 1, RGB: []byte{0, 127, 128, 255, 5, 200}}
	vectors, err := encoder{options{Bins: 2}}.EncodeImages(t.Context(), []sdk.Image{image})
	if want := []float32{0.5, 0.5, 1, 0, 0, 1}; err != nil || !slices.Equal(vectors[0], want) {
		t.Errorf("vectors are %v, %v", vectors, err)
	}
}
