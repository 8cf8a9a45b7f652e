package unet

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// The tiny network has the architecture of Stable Diffusion v1's and random
// weights; the numbers are those of diffusers 0.20.2 on torch 1.13.1.
const (
	tiny      = "../testdata/tiny-stable-diffusion/unet"
	expected  = "../testdata/tiny-stable-diffusion/expected/"
	tolerance = 2e-5
)

func read(t testing.TB) (Config, *model.Store) {
	t.Helper()
	config, store, err := Read(golden.Backend(t), tiny)
	if err != nil {
		t.Fatal(err)
	}
	return config, store
}

// predict compiles the network.
func predict(t testing.TB, config Config, store *model.Store) *model.Exec {
	t.Helper()
	exec, err := model.NewExec(golden.Backend(t), store, func(_ *model.Scope, in []*Node) *Node {
		return config.Build(nn.LoadedParams(store), in[0], in[1], conditioning.Of[*Node]{conditioning.Context: in[2]})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(exec.Finalize)
	return exec
}

func scalars(values ...float32) safetensors.Tensor {
	return safetensors.Tensor{Dims: []int{len(values)}, Data: values}
}

// TestWholeNetwork: at several timesteps, at a fraction, with a timestep a
// sample, and on latents that are not square.
func TestWholeNetwork(t *testing.T) {
	config, store := read(t)
	exec := predict(t, config, store)
	file := golden.Read(t, expected+"unet.safetensors")
	context := file.Tensors["encoder_hidden_states"]
	perSample := golden.Floats(file.Integers["t_per_sample"])
	for _, test := range []struct {
		sample, want string
		timesteps    safetensors.Tensor
	}{
		{"sample", "out.t1", scalars(1, 1)},
		{"sample", "out.t250", scalars(250, 250)},
		{"sample", "out.t432.25", scalars(432.25, 432.25)},
		{"sample", "out.t981", scalars(981, 981)},
		{"sample", "out.t_per_sample", perSample},
		{"sample_nonsquare", "out.nonsquare_t500", scalars(500)},
	} {
		latents, context := golden.ChannelsLast(file.Tensors[test.sample]), context
		if latents.Dims[0] == 1 { // the second prompt alone
			half := len(context.Data) / 2
			context = safetensors.Tensor{Dims: []int{1, context.Dims[1], context.Dims[2]}, Data: context.Data[half:]}
		}
		got := golden.Call(t, exec, latents, test.timesteps, context)[0]
		worst := golden.Expect(t, test.want, golden.ChannelsFirst(got), file.Tensors[test.want], tolerance)
		t.Logf("%s: %.2g", test.want, worst)
	}
}

// TestBlocks follows the network from block to block: where it first differs is
// where the mistake is.
func TestBlocks(t *testing.T) {
	backendstest.SkipLong(t)
	config, store := read(t)
	file := golden.Read(t, expected+"unet.safetensors")
	blocks := golden.Read(t, expected+"unet_blocks_t250.safetensors")
	text, err := os.ReadFile(expected + "unet_blocks_t250.json")
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Order   []string                     `json:"order"`
		Outputs map[string]golden.Statistics `json:"outputs"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	var names []string
	got := golden.Run(t, store, func(in []*Node) []*Node {
		var nodes []*Node
		names = nil
		p := nn.LoadedParams(store).Watched(func(path string, y *Node) {
			names = append(names, path)
			nodes = append(nodes, y)
		})
		config.Build(p, in[0], in[1], conditioning.Of[*Node]{conditioning.Context: in[2]})
		return nodes
	}, golden.ChannelsLast(file.Tensors["sample"]), scalars(250, 250), file.Tensors["encoder_hidden_states"])
	whole := 0
	for _, name := range index.Order {
		at := slices.Index(names, name)
		if at < 0 {
			t.Errorf("%s: the network has no such output", name)
			continue
		}
		output := got[at]
		if len(output.Dims) == 4 {
			output = golden.ChannelsFirst(output)
		}
		golden.ExpectStatistics(t, name, output, index.Outputs[name], tolerance)
		if want, ok := blocks.Tensors[name]; ok {
			whole++
			golden.Expect(t, name, output, want, tolerance)
		}
	}
	if whole != len(blocks.Tensors) {
		t.Errorf("compared %d of %d whole outputs", whole, len(blocks.Tensors))
	}
}

// TestLinearProjection: with the same weights as matrices the network is the
// same.
func TestLinearProjection(t *testing.T) {
	backendstest.SkipLong(t)
	config, store := read(t)
	config.LinearTransform = true
	kernels := map[string]safetensors.Tensor{}
	for v := range store.IterVariables() {
		if strings.Contains(v.Path(), ".proj_in.weight") || strings.Contains(v.Path(), ".proj_out.weight") {
			kernels[v.Path()] = golden.OnHost(v.MustValue())
		}
	}
	for path, kernel := range kernels {
		if err := store.DeleteVariable(path); err != nil {
			t.Fatal(err)
		}
		kernel.Dims = kernel.Dims[2:]
		store.VariableWithValue(path, golden.OnDevice(kernel))
	}
	file := golden.Read(t, expected+"unet.safetensors")
	got := golden.Call(t, predict(t, config, store), golden.ChannelsLast(file.Tensors["sample"]), scalars(250, 250), file.Tensors["encoder_hidden_states"])[0]
	golden.Expect(t, "output", golden.ChannelsFirst(got), file.Tensors["out.t250"], tolerance)
	for _, need := range config.Weights(golden.Backend(t)).Needs {
		if strings.HasSuffix(need.Name, ".proj_in.weight") && len(need.Dims) != 2 {
			t.Errorf("%s: asks for %v", need.Name, need.Dims)
		}
	}
}

// TestOddSides: a side that is odd somewhere on the way down comes back as it
// was.
func TestOddSides(t *testing.T) {
	config, store := read(t)
	file := golden.Read(t, expected+"unet.safetensors")
	latents := safetensors.Tensor{Dims: []int{1, 5, 6, 4}, Data: file.Tensors["sample"].Data[:120]}
	context := safetensors.Tensor{Dims: []int{1, 3, 32}, Data: file.Tensors["encoder_hidden_states"].Data[:96]}
	got := golden.Call(t, predict(t, config, store), latents, scalars(10), context)[0]
	if !slices.Equal(got.Dims, latents.Dims) {
		t.Errorf("shape %v, want %v", got.Dims, latents.Dims)
	}
}
