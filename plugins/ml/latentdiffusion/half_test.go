package latentdiffusion

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// half is a model in bfloat16.
func half(t *testing.T, directory string) (*Model, *Pipeline) {
	t.Helper()
	m, err := Read(golden.Backend(t), directory)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.In16(); err != nil {
		t.Fatal(err)
	}
	d, err := m.NewPipeline(golden.Backend(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return m, d
}

// off is the root mean square of a difference, over that of what was wanted.
func off(got, want []float32) float64 {
	var differences, squares float64
	for i, w := range want {
		differences += math.Pow(float64(got[i]-w), 2)
		squares += math.Pow(float64(w), 2)
	}
	return math.Sqrt(differences / squares)
}

// TestIn16: the network's matrices are held in two bytes, and what it makes of
// noise is what it makes in float32 but for the rounding of bfloat16, of 2^-9 at
// every step. Guidance of 7.5 would multiply the difference by ten.
func TestIn16(t *testing.T) {
	directory := shallow(t)
	m, d := half(t, directory)
	for v := range m.DenoiserStore.IterVariables() {
		want := dtypes.Float32
		if v.Shape().Rank() > 1 {
			want = dtypes.BFloat16
		}
		if v.Shape().DType != want {
			t.Errorf("%s is %s", v.Path(), v.Shape())
		}
	}
	_, whole := read(t, directory)
	file := golden.Read(t, expected+"t2i_ddim.safetensors")
	_, prompt := halves(file)
	// How far the latents went in a step, in both.
	for _, first := range []string{"latents.0", "latents.5", "latents.9"} {
		moved := func(d *Pipeline) []float32 {
			latents := last(file.Tensors[first])
			from := slices.Clone(latents.Data)
			if err := d.Sample(t.Context(), latents, Request{Conditions: prompts(prompt), Guidance: 1, Solver: "ddim", Steps: 1}); err != nil {
				t.Fatal(err)
			}
			for i, v := range from {
				latents.Data[i] -= v
			}
			return latents.Data
		}
		apart := off(moved(d), moved(whole))
		t.Logf("from %s: %.2g", first, apart)
		if apart > 0.02 || apart < 1e-4 {
			t.Errorf("from %s latents go %g apart", first, apart)
		}
	}
}

// TestNotFinite: a number that is none is named with its timestep, and with the
// way out that there is.
func TestNotFinite(t *testing.T) {
	directory := shallow(t)
	file := golden.Read(t, expected+"t2i_ddim.safetensors")
	without, with := halves(file)
	draw := func(d *Pipeline) error {
		return d.Sample(t.Context(), last(file.Tensors["latents.0"]), Request{Conditions: prompts(with), Negative: prompts(without), Guidance: 7.5, Solver: "ddim", Steps: 2})
	}
	spoil := func(m *Model, with float32) {
		t.Helper()
		v := m.DenoiserStore.GetVariable("/conv_out.bias")
		v.MustSetValue(tensors.FromFlatDataAndDimensions([]float32{0, with, 0, 0}, 4))
	}
	for name, want := range map[string]string{Float32: "weights are damaged", BFloat16: `precision = "float32"`} {
		var m *Model
		var d *Pipeline
		if name == BFloat16 {
			m, d = half(t, directory)
		} else {
			m, d = read(t, directory)
		}
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
			spoil(m, bad)
			var said sdk.Diagnostic
			if err := draw(d); !errors.As(err, &said) || !strings.Contains(said.Summary, "timestep") || !strings.Contains(said.Detail, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		spoil(m, 0)
		if err := draw(d); err != nil {
			t.Errorf("%s, healed: %v", name, err)
		}
	}
	m, d := read(t, directory)
	v := m.VAEStore.GetVariable("/decoder.conv_out.bias")
	v.MustSetValue(tensors.FromFlatDataAndDimensions([]float32{float32(math.NaN()), 0, 0}, 3))
	if _, err := d.Decode(last(file.Tensors["latents.0"])); err == nil || !strings.Contains(err.Error(), "decoder") {
		t.Errorf("a picture with NaN in it: %v", err)
	}
}
