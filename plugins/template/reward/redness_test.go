package main

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// TestConformance holds the plugin against the contract, over the real wire.
func TestConformance(t *testing.T) { plugintest.Run(t, plugin()) }

// TestScore: by hand, 200 of 200 + 60 + 140.
func TestScore(t *testing.T) {
	item := sdk.Item{Image: sdk.Image{Width: 2, Height: 1, RGB: []byte{150, 60, 40, 50, 0, 100}}}
	score, err := reward{options{Channel: "red", Gain: 2}}.Score(t.Context(), item)
	if err != nil || score != 2*200.0/400 {
		t.Errorf("score is %v, %v", score, err)
	}
}
