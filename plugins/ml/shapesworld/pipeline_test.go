package shapesworld

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/models/dit"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

func tinyDenoiser() DenoiserConfig {
	config := DefaultDenoiser()
	config.Network = dit.Config{Width: 8, Narrow: 4, Hidden: 8, Heads: 2, Global: 2, Blocks: "camg"}
	config.Condition = 8
	return config
}

// randomDenoiser has random weights, in the layers too that otherwise start from
// zeros: so its images depend on everything.
func randomDenoiser(t testing.TB, config DenoiserConfig) *model.Store {
	t.Helper()
	store := model.NewStore()
	exec, err := model.NewExec(openBackend(t), store, func(_ *model.Scope, inputs []*Node) *Node {
		return config.Predict(nn.NewParams(store, 7), inputs[0], inputs[1], inputs[2])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	if _, err := exec.Exec(
		patchTensor(make([]float32, imageValues), 1),
		tensors.FromFlatDataAndDimensions([]float32{1}, 1),
		tensors.FromFlatDataAndDimensions(make([]float32, config.TextWidth()), 1, config.TextWidth())); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var zeros []*model.Variable
	for v := range store.IterVariables() {
		if p := v.Path(); p == "/out.weight" || strings.Contains(p, ".scale.") || strings.Contains(p, ".shift.") {
			zeros = append(zeros, v)
		}
	}
	slices.SortFunc(zeros, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	for _, v := range zeros {
		values := make([]float32, v.Shape().Size())
		for i := range values {
			values[i] = float32(random.NormFloat64() / 3)
		}
		v.MustSetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...))
	}
	return store
}

// draw draws images by position.
func draw(t *testing.T, pipeline *Pipeline, draws []sdk.Draw) [][]byte {
	t.Helper()
	images := make([][]byte, len(draws))
	if err := pipeline.Sample(context.Background(), draws, func(position int, image sdk.Image) error {
		if image.Width != Size || image.Height != Size || len(image.RGB) != Size*Size*3 || images[position] != nil {
			t.Errorf("image %d: %dx%d with %d bytes", position, image.Width, image.Height, len(image.RGB))
		}
		images[position] = image.RGB
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return images
}

// TestSameDrawSameImage, whatever the batch's size and order.
func TestSameDrawSameImage(t *testing.T) {
	config := tinyDenoiser()
	store := randomDenoiser(t, config)
	prompts := []string{"two red rings at night", "one blue cross", "", "three green bars in snow"}
	var draws []sdk.Draw
	for i := range SampleBatch + 5 { // two batches
		draws = append(draws, sdk.Draw{Prompt: sdk.Prompt{Text: prompts[i%len(prompts)]}, Seed: uint64(i / 2)})
	}
	for _, test := range []struct {
		solver   string
		guidance float64
	}{{"dpmpp_2m", 2}, {"ddim", 1}, {"euler_ancestral", 1}} {
		pipeline, err := NewPipeline(openBackend(t), config, store, diffusion.Sampling{Solver: test.solver, Steps: 2}, test.guidance)
		if err != nil {
			t.Fatal(err)
		}
		images := draw(t, pipeline, draws)
		for i := range images {
			for j := range i {
				if bytes.Equal(images[i], images[j]) { // no two have both seed and prompt in common
					t.Errorf("%s: draws %d and %d are the same image", test.solver, j, i)
				}
			}
		}
		backwards := slices.Clone(draws)
		slices.Reverse(backwards)
		reversed := draw(t, pipeline, backwards)
		slices.Reverse(reversed)
		for i := range images {
			if !backendstest.SamePixels(images[i], reversed[i]) {
				t.Errorf("%s: draw %d in another order is another image", test.solver, i)
			}
		}
		for _, i := range []int{31, 63, 68} {
			if alone := draw(t, pipeline, draws[i:i+1]); !backendstest.SamePixels(alone[0], images[i]) {
				t.Errorf("%s: draw %d alone is another image", test.solver, i)
			}
		}
		pipeline.Close()
	}
}

// TestGuidance: a scale of 1 is the prompt's own prediction, 0 the
// unconditional one.
func TestGuidance(t *testing.T) {
	config := tinyDenoiser()
	store := randomDenoiser(t, config)
	image := func(prompt string, guidance float64) []byte {
		pipeline, err := NewPipeline(openBackend(t), config, store, diffusion.Sampling{Solver: "ddim", Steps: 2}, guidance)
		if err != nil {
			t.Fatal(err)
		}
		defer pipeline.Close()
		return draw(t, pipeline, []sdk.Draw{{Prompt: sdk.Prompt{Text: prompt}, Seed: 5}})[0]
	}
	const prompt = "two red rings"
	if !bytes.Equal(image(prompt, 0), image("", 1)) {
		t.Error("guidance 0 still listens to the prompt")
	}
	if bytes.Equal(image(prompt, 1), image("", 1)) || bytes.Equal(image(prompt, 4), image(prompt, 1)) {
		t.Error("the prompt or its scale has no effect")
	}
	if !bytes.Equal(image("", 4), image("", 1)) {
		t.Error("without a prompt the scale has an effect")
	}
}

// TestSolvers: every solver draws a picture of its own, but euler: where both
// stand at the same noise levels, it is ddim.
func TestSolvers(t *testing.T) {
	config := tinyDenoiser()
	store := randomDenoiser(t, config)
	seen := map[string]string{}
	for _, solver := range diffusion.SolverNames() {
		pipeline, err := NewPipeline(openBackend(t), config, store, diffusion.Sampling{Solver: solver, Steps: 4}, 1)
		if err != nil {
			t.Fatal(err)
		}
		image := string(draw(t, pipeline, []sdk.Draw{{Prompt: sdk.Prompt{Text: "two red rings"}, Seed: 5}})[0])
		pipeline.Close()
		if before, ok := seen[image]; ok && !(before == "ddim" && solver == "euler") {
			t.Errorf("%s draws what %s draws", solver, before)
		}
		seen[image] = solver
	}
}

// Weights that are not numbers draw no picture.
func TestDrawsNoPicture(t *testing.T) {
	config := tinyDenoiser()
	store := randomDenoiser(t, config)
	for v := range store.IterVariables() {
		v.MustValue().MustMutableFlatData(func(flat any) { flat.([]float32)[0] = float32(math.NaN()) })
	}
	pipeline, err := NewPipeline(openBackend(t), config, store, diffusion.Sampling{Solver: "ddim", Steps: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pipeline.Close()
	err = pipeline.Sample(context.Background(), []sdk.Draw{{Seed: 1}}, func(int, sdk.Image) error { t.Error("an image was made"); return nil })
	if err == nil || !strings.Contains(err.Error(), "NaN or infinite pixels") {
		t.Errorf("got %v", err)
	}
}

func TestDrawStops(t *testing.T) {
	config := tinyDenoiser()
	store := randomDenoiser(t, config)
	if _, err := NewPipeline(openBackend(t), config, store, diffusion.Sampling{Solver: "eular", Steps: 3}, 1); err == nil {
		t.Error("an unknown solver is taken")
	}
	pipeline, err := NewPipeline(openBackend(t), config, store, diffusion.Sampling{Solver: "ddim", Steps: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pipeline.Close()
	one := []sdk.Draw{{Seed: 1}}
	stop := errors.New("stop")
	if err := pipeline.Sample(context.Background(), one, func(int, sdk.Image) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("when an image is not wanted: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := pipeline.Sample(ctx, one, func(int, sdk.Image) error { t.Error("an image was made"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("when cancelled: %v", err)
	}
	if err := pipeline.Sample(context.Background(), nil, nil); err != nil {
		t.Errorf("nothing to draw: %v", err)
	}
}

func TestText(t *testing.T) {
	config := tinyDenoiser()
	out := make([]float32, config.TextWidth())
	for prompt, want := range map[string][]int{
		"":                      {19},
		"something else":        {19},
		"two red rings on sand": {1, 3, 9, 16},
		"cross":                 {12},
	} {
		config.Text(prompt, out)
		for i, v := range out {
			if (v == 1) != slices.Contains(want, i) || (v != 0 && v != 1) {
				t.Errorf("%q: number %d is %v", prompt, i, v)
			}
		}
	}
}
