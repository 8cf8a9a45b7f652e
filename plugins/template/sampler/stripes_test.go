package main

import (
	"bytes"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// TestConformance holds the plugin against the contract, over the real wire.
func TestConformance(t *testing.T) { plugintest.Run(t, plugin()) }

// TestDraw: two stripes of 2 x 2 pixels are two columns, the same in both rows.
func TestDraw(t *testing.T) {
	image := sampler{options{Size: 2, Stripes: 2}}.draw(sdk.Draw{Prompt: sdk.Prompt{Text: "a red ring"}, Seed: 1})
	if image.Check() != nil || !bytes.Equal(image.RGB[:6], image.RGB[6:]) || bytes.Equal(image.RGB[:3], image.RGB[3:6]) {
		t.Errorf("image is %+v", image)
	}
}
