package main

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// TestConformance holds the plugin against the contract, over the real wire.
func TestConformance(t *testing.T) { plugintest.Run(t, plugin()) }

// TestRate: by hand, a brightness of 115 is enough for the first two of three.
func TestRate(t *testing.T) {
	item := sdk.Item{Image: sdk.Image{Width: 1, Height: 1, RGB: []byte{105, 115, 125}}}
	labels, err := rater{options{Raters: 3, Threshold: 100}}.Rate(t.Context(), []sdk.Item{item})
	if want := []sdk.Label{sdk.LabelGood, sdk.LabelGood, sdk.LabelBad}; err != nil || !slices.Equal(labels[0], want) {
		t.Errorf("labels are %v, %v", labels, err)
	}
}
