package vae

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// The tiny network has the architecture of Stable Diffusion v1's and random
// weights; the numbers are those of diffusers 0.20.2 on torch 1.13.1. Its file
// has the old names of the attention's weights.
const (
	tiny      = "../testdata/tiny-stable-diffusion/vae"
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

// TestAgainstDiffusers compares what goes in and out, and blocks between.
func TestAgainstDiffusers(t *testing.T) {
	config, store := read(t)
	file := golden.Read(t, expected+"vae.safetensors")
	text, err := os.ReadFile(expected + "vae_blocks.json")
	if err != nil {
		t.Fatal(err)
	}
	var blocks map[string]golden.Statistics
	if err := json.Unmarshal(text, &blocks); err != nil {
		t.Fatal(err)
	}
	places := map[string]int{} // of a block among the outputs
	last := func(name string) safetensors.Tensor { return golden.ChannelsLast(file.Tensors[name]) }
	got := golden.Run(t, store, func(in []*Node) []*Node {
		nodes := make([]*Node, 5)
		p := nn.LoadedParams(store).Watched(func(path string, y *Node) {
			if _, ok := blocks[path]; ok {
				places[path] = len(nodes)
				nodes = append(nodes, y)
			}
		})
		mean, logVariance := config.Encode(p, in[0])
		nodes[0], nodes[1] = mean, logVariance
		nodes[2] = config.Sample(mean, logVariance, in[1])
		nodes[3] = config.decode(p, in[2])
		nodes[4] = config.Decode(nn.LoadedParams(store), MulScalar(in[2], config.ScalingFactor))
		return nodes
	}, last("pixel_values"), last("sample_noise"), last("decode_z"))
	for i, name := range []string{"mean", "logvar", "latents_scaled", "decode_out", "decode_out"} {
		worst := golden.Expect(t, name, golden.ChannelsFirst(got[i]), file.Tensors[name], tolerance)
		t.Logf("%s: %.2g", name, worst)
	}
	for name, want := range blocks {
		place, ok := places[name]
		if !ok {
			t.Errorf("%s: the network has no such output", name)
			continue
		}
		golden.ExpectStatistics(t, name, golden.ChannelsFirst(got[place]), want, tolerance)
	}
}

// TestNewNames: files of today call the attention's weights otherwise; the
// weights are the same.
func TestNewNames(t *testing.T) {
	config, store := read(t)
	weights := config.Weights(golden.Backend(t))
	ours := map[string]safetensors.Tensor{}
	for v := range store.IterVariables() {
		ours[v.Path()[1:]] = golden.OnHost(v.MustValue())
	}
	directory := t.TempDir()
	if err := weights.Write(directory, ours); err != nil {
		t.Fatal(err)
	}
	written := golden.Read(t, directory+"/diffusion_pytorch_model.safetensors")
	old := golden.Read(t, tiny+"/diffusion_pytorch_model.safetensors")
	if len(written.Tensors) != len(old.Tensors) {
		t.Errorf("wrote %d tensors, read %d", len(written.Tensors), len(old.Tensors))
	}
	changed := 0
	for name, tensor := range old.Tensors {
		now := renamed(name)
		if now != name {
			changed++
		}
		golden.Expect(t, now, written.Tensors[now], tensor, 0)
	}
	if changed != 2*4*2 {
		t.Errorf("%d names changed, want 16", changed)
	}
	again, err := weights.Read(directory)
	if err != nil {
		t.Fatal(err)
	}
	for v := range again.IterVariables() {
		golden.Expect(t, v.Path(), golden.OnHost(v.MustValue()), ours[v.Path()[1:]], 0)
	}
}

func TestConfig(t *testing.T) {
	config, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	if config.ScalingFactor != 0.18215 || config.Factor() != 8 {
		t.Errorf("%+v", config)
	}
	// The sizes of Stable Diffusion v1 give its 83,653,863 weights.
	v1, total := config, 0
	v1.Channels, v1.NormGroups = []int{128, 256, 512, 512}, 32
	for _, need := range v1.Weights(golden.Backend(t)).Needs {
		total += safetensors.Size(need.Dims)
	}
	if total != 83653863 {
		t.Errorf("%d weights, want 83653863", total)
	}
	text, err := os.ReadFile(tiny + "/config.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ from, to, want string }{
		{`"AutoencoderKL"`, `"AutoencoderTiny"`, `"AutoencoderTiny"`},
		{`"silu"`, `"relu"`, `"act_fn" is "relu"`},
		{`"DownEncoderBlock2D"`, `"AttnDownEncoderBlock2D"`, `"AttnDownEncoderBlock2D"`},
		{`"norm_num_groups": 8`, `"norm_num_groups": 7`, "norm_num_groups 7"},
		{`"latent_channels": 4`, `"latent_channels": 0`, `"latent_channels" must be at least 1`},
		{`"latent_channels": 4`, `"latent_channels": 4, "shift_factor": 0.1`, `"shift_factor" is 0.1`},
		{`"latent_channels": 4`, `"latent_channels": 4, "scaling_factor": 0`, `"scaling_factor"`},
	} {
		directory := t.TempDir()
		changed := strings.Replace(string(text), test.from, test.to, 1)
		if changed == string(text) {
			t.Fatalf("there is no %s to change", test.from)
		}
		if err := os.WriteFile(directory+"/config.json", []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		if config, err := ReadConfig(directory); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), directory) {
			t.Errorf("%s: %+v, error %v, want one that says %s", test.to, config, err, test.want)
		}
	}
}
