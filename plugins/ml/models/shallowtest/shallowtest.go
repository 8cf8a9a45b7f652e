// Package shallowtest writes a model for tests of what stands around a network:
// jobs, samplers, files. It is tiny-stable-diffusion of the test data with a U-Net
// of one level, with attention on the way down and in the middle. XLA compiles a
// training step of it in a tenth of the time that one of the published depth takes.
//
// experiments/tiny_sd.hcl ships it.
//
// It is no model for tests of the network itself: for these there are numbers of
// other people's code (goldentest).
package shallowtest

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/plumb-ml/plumb/plugins/ml/models/unet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// The sizes of the U-Net, in the place of those of tiny-stable-diffusion: 5 blocks
// of convolutions and 2 of attention in the place of 22 and 16.
var sizes = map[string]any{
	"block_out_channels": []int{16},
	"down_block_types":   []string{"CrossAttnDownBlock2D"},
	"up_block_types":     []string{"UpBlock2D"},
	"layers_per_block":   1,
}

// Model writes the model into a directory of its own, and returns that. tiny is the
// directory of tiny-stable-diffusion. The weights of the U-Net are drawn, the same
// each time; all else is tiny's.
func Model(t testing.TB, backend compute.Backend, tiny string) string {
	t.Helper()
	directory := t.TempDir()
	if err := write(backend, tiny, directory); err != nil {
		t.Fatal(err)
	}
	return directory
}

func write(backend compute.Backend, tiny, directory string) error {
	for _, part := range []string{"scheduler", "text_encoder", "tokenizer", "vae"} {
		if err := os.CopyFS(filepath.Join(directory, part), os.DirFS(filepath.Join(tiny, part))); err != nil {
			return err
		}
	}
	index, err := os.ReadFile(filepath.Join(tiny, "model_index.json"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(directory, "model_index.json"), index, 0o644); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(tiny, "unet", "config.json"))
	if err != nil {
		return err
	}
	config := map[string]any{}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	for key, value := range sizes {
		config[key] = value
	}
	if text, err = json.MarshalIndent(config, "", "  "); err != nil {
		return err
	}
	network := filepath.Join(directory, "unet")
	if err := os.Mkdir(network, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(network, "config.json"), text, 0o644); err != nil {
		return err
	}
	c, err := unet.ReadConfig(network)
	if err != nil {
		return err
	}
	weights := c.Weights(backend)
	random := rand.New(rand.NewPCG(5, 8))
	drawn := map[string]safetensors.Tensor{}
	for _, need := range weights.Needs { // in the order in which the network asks
		drawn[need.Name] = draw(random, need)
	}
	return weights.Write(network, drawn)
}

// draw makes a weight: a kernel [..., in, out] whose outputs are as large as its
// inputs, the scale of a norm near 1, or a bias near 0. What the network ends with
// is a tenth of that: it says little, as one that has learned what the mean is, and
// whatever is done to its weights at random makes it worse.
func draw(random *rand.Rand, need nn.Named) safetensors.Tensor {
	size := safetensors.Size(need.Dims)
	tensor := safetensors.Tensor{Dims: need.Dims, Data: make([]float32, size)}
	center, spread := 0.0, 0.1
	switch {
	case len(need.Dims) > 1:
		spread = 1 / math.Sqrt(float64(size/need.Dims[len(need.Dims)-1]))
	case strings.HasSuffix(need.Name, ".weight"):
		center = 1
	}
	if strings.HasPrefix(need.Name, "conv_out.") {
		spread /= 10
	}
	for i := range tensor.Data {
		tensor.Data[i] = float32(center + spread*random.NormFloat64())
	}
	return tensor
}
