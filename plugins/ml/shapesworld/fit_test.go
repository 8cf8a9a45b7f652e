package shapesworld

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// TestFitGoesOn: a fit that was killed goes on where it was when it is asked for again
// with another output, and begins anew with another seed.
func TestFitGoesOn(t *testing.T) {
	backend := openBackend(t)
	path, _ := scenesTable(t, 20)
	settings := train.Settings{Steps: 2, BatchSize: 4, LearningRate: 1e-3}
	encoder, judge := EncoderConfig{Network: tiny, Text: 8, Projection: 5, Vocabulary: Vocabulary}, JudgeConfig{Network: tiny}
	for name, fit := range map[string]struct {
		config any
		run    func(request sdk.FitRequest, report func(sdk.Progress) error) error
	}{
		"encoder": {encoder, func(request sdk.FitRequest, report func(sdk.Progress) error) error {
			return FitEncoder(t.Context(), backend, encoder, model.NewStore(), settings, request, report)
		}},
		"judge": {judge, func(request sdk.FitRequest, report func(sdk.Progress) error) error {
			_, err := FitJudge(t.Context(), backend, judge, model.NewStore(), settings, request, report)
			return err
		}},
	} {
		request := sdk.FitRequest{Sets: []sdk.FitSet{{Images: path}}, Seed: 3, Output: "first", Scratch: t.TempDir()}
		identity, err := fitIdentity(fit.config, settings, request)
		if err != nil {
			t.Fatal(err)
		}
		// What a loop leaves behind that was killed after a step, as far as it matters here.
		reported := []int64{'{', '"', 'S', 't', 'e', 'p', '"', ':', '1', '}', '\n'}
		state := &safetensors.File{
			Metadata: map[string]string{"step": "1", "identity": identity},
			Integers: map[string]safetensors.Integers{"reported": {DType: safetensors.U8, Dims: []int{len(reported)}, Data: reported}},
		}
		path := filepath.Join(request.Scratch, "state.safetensors")
		if err := errors.Join(state.Write(path), sealed.Seal(path)); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			seed  uint64
			steps []int
		}{{3, []int{2}}, {4, []int{1, 2}}} {
			request.Seed, request.Output = test.seed, "second"
			var steps []int
			if err := fit.run(request, func(p sdk.Progress) error {
				if len(p.Values) > 0 { // one that is done, not one that the state has
					steps = append(steps, p.Step)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(steps, test.steps) {
				t.Errorf("%s with the seed %d does the steps %v, want %v", name, test.seed, steps, test.steps)
			}
		}
	}
}
