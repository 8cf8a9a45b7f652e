package shapes

import (
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/shapesworld"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestReference: none unless it is asked for, the embedded weights if no checkpoint
// is named, and no network of another configuration.
func TestReference(t *testing.T) {
	s, network := &sampler{}, shapesworld.DefaultDenoiser()
	if store, err := s.reference(sdk.TuneRequest{}, network); store != nil || err != nil {
		t.Errorf("without being asked for: %v, %v", store, err)
	}
	store, err := s.reference(sdk.TuneRequest{Reference: &sdk.TuneReference{}}, network)
	if err != nil || store == nil {
		t.Fatalf("the embedded weights: %v", err)
	}
	store.Finalize()
	other := network
	other.Condition++
	directory := t.TempDir()
	if err := train.WriteCheckpoint(directory, other, model.NewStore()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.reference(sdk.TuneRequest{Reference: &sdk.TuneReference{Checkpoint: directory}}, network); err == nil || !strings.Contains(err.Error(), "another network") {
		t.Errorf("a network of another configuration: error %v", err)
	}
}

// TestPairs: half a pair is refused before tables are read, and is no advice.
func TestPairs(t *testing.T) {
	s := &sampler{}
	request := sdk.TuneRequest{BatchSize: 3, Losses: []sdk.TuneLoss{{Name: "diffusion_dpo", Sets: []sdk.TuneSet{{Images: "missing"}}}}}
	if err := s.Tune(t.Context(), request, func(sdk.Progress) error { return nil }); err == nil || !strings.Contains(err.Error(), "half a pair") {
		t.Errorf("three images a step: error %v", err)
	}
	request.BatchSize = 6
	if advice := s.MemoryAdvice(sdk.CallTune, &request); len(advice) != 1 || advice[0].Write != "batch_size = 2" {
		t.Errorf("advice at six images: %+v", advice)
	}
	request.BatchSize = 2
	if advice := s.MemoryAdvice(sdk.CallTune, &request); len(advice) != 0 {
		t.Errorf("advice at two images: %+v", advice)
	}
}

// TestSampleRefuses what the world does not have, as a caption that nobody has checked.
func TestSampleRefuses(t *testing.T) {
	err := (&sampler{}).Sample(t.Context(), []sdk.Draw{{Prompt: sdk.Prompt{Text: "a red unicorn"}}}, func(int, sdk.Image) error {
		t.Error("an image is drawn")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), `does not know the word "unicorn"`) {
		t.Errorf("error %v", err)
	}
}
