package latentdiffusion

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// referenced are the losses that compare with a reference, with what they are where
// network and reference are the same.
var referenced = []struct {
	name, options string
	start         float64
	examples      []objective.Example
}{
	{"diffusion_dpo", `{"beta":40}`, math.Ln2, []objective.Example{{Images: []int{0, 1}, Factor: 1, Label: 1}, {Images: []int{3, 2}, Factor: 1, Label: 1}}},
	{"diffusion_kto", `{"beta":20}`, 0.5, []objective.Example{
		{Images: []int{0}, Factor: 1, Label: 1}, {Images: []int{1}, Factor: 1, Label: -1}, {Images: []int{2}, Factor: 1, Label: -1}, {Images: []int{3}, Factor: 1, Label: 1},
	}},
}

// oneStep runs a step of a loss at the store's weights, in parts of micro images.
// It returns what the step reports, and the gradients by weight.
func oneStep(t *testing.T, m *Model, store *model.Store, reference Reference, settings Settings, micro int, name, options string, examples []objective.Example) (map[string]float64, map[string]safetensors.Tensor) {
	t.Helper()
	g, _, _ := fixtures(t)
	g.scale = float32(m.VAE.ScalingFactor)
	loss, err := objective.New(name, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	job := &objective.Job{
		Policy: m.policy(store, m.noised(g, settings), reference, settings),
		Step:   objective.Step{Terms: []*objective.Term{objective.NewTerm(name, 1, loss, examples, 1)}, Images: 4, Micro: micro, Seed: 3},
	}
	var values map[string]float64
	if err := job.Run(t.Context(), &train.Loop{Backend: golden.Backend(t), Store: store, Steps: 1, Optimizer: exact}, func(p sdk.Progress) error {
		values = p.Values
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	gradients := map[string]safetensors.Tensor{}
	for v := range store.IterVariables() {
		if path, ok := strings.CutPrefix(v.Path(), "/adamw_m/"); ok {
			gradients[path] = golden.OnHost(v.MustValue())
		}
	}
	return values, gradients
}

// copied is a copy of a reference's store, which a job takes over.
func copied(t *testing.T, store *model.Store) *model.Store {
	t.Helper()
	clone, err := store.Clone()
	if err != nil {
		t.Fatal(err)
	}
	return clone
}

// moved sets the trained weights to others that are far from them in a direction
// that the seed draws: distance times a normal number for each.
func moved(t *testing.T, store *model.Store, distance float64) (direction map[string][]float64) {
	t.Helper()
	direction = map[string][]float64{}
	var trained []*model.Variable
	for v := range store.IterVariables() {
		if v.Trainable {
			trained = append(trained, v)
		}
	}
	slices.SortFunc(trained, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	random := rand.New(rand.NewPCG(9, 9))
	for _, v := range trained {
		data := tensors.MustCopyFlatData[float32](v.MustValue())
		along := make([]float64, len(data))
		for i := range data {
			along[i] = random.NormFloat64()
			data[i] += float32(distance * along[i])
		}
		direction[v.Path()[1:]] = along
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(data, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	return direction
}

// TestReferencedLosses: whether all weights are tuned or adapters, each loss begins
// at its known value, against the network as it was; and away from there its
// gradient is the slope of the loss, against a reference that stays behind.
func TestReferencedLosses(t *testing.T) {
	directory := shallow(t)
	m := denoiserAlone(t, directory)
	defer m.Finalize()
	adapters := Settings{LoRA: &two}
	fresh := func(settings Settings) *model.Store {
		t.Helper()
		store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	base, err := m.ReadReference(golden.Backend(t), directory, "")
	if err != nil {
		t.Fatal(err)
	}
	defer base.Finalize()
	for _, settings := range []Settings{{}, adapters} {
		for _, loss := range referenced {
			what := fmt.Sprintf("%s, adapters %v", loss.name, settings.LoRA != nil)
			store := fresh(settings)
			values, _ := oneStep(t, m, store, Reference{}, settings, 0, loss.name, loss.options, loss.examples)
			if got := values["loss"]; math.Abs(got-loss.start) > 2e-6 || math.Abs(values["loss/"+loss.name]-got) > 2e-6 {
				t.Errorf("%s: the first loss is %v, want %v; values %v", what, got, loss.start, values)
			}
			for path := range train.Tensors(store) {
				if strings.HasPrefix(path, "frozen/") {
					t.Fatalf("%s: the reference's %s would be in the checkpoint", what, path)
				}
			}
			store.Finalize()

			// At a point away from the reference, and on both sides of it.
			const far = 0.02
			h := 1e-3 // a smaller one is lost in the rounding of float32
			if settings.LoRA != nil {
				h = 2e-3 // in their few weights the loss is nearer to a line
			}
			at := func(distance float64) (map[string]float64, map[string]safetensors.Tensor, map[string][]float64) {
				store := fresh(settings)
				defer store.Finalize()
				along := moved(t, store, distance)
				values, gradients := oneStep(t, m, store, Reference{Store: copied(t, base)}, settings, 0, loss.name, loss.options, loss.examples)
				return values, gradients, along
			}
			here, gradients, along := at(far)
			up, _, _ := at(far + h)
			down, _, _ := at(far - h)
			slope := (up["loss"] - down["loss"]) / (2 * h)
			product := 0.0
			for path, gradient := range gradients {
				for i, g := range gradient.Data {
					product += float64(g) * along[path][i]
				}
			}
			if math.Abs(here["loss"]-loss.start) < 1e-3 {
				t.Errorf("%s: away from the reference the loss is %v, as at the start", what, here["loss"])
			}
			if !(math.Abs(product-slope) <= 0.01*math.Abs(slope)+1e-3) {
				t.Errorf("%s: the gradient along a direction is %v, the loss has the slope %v", what, product, slope)
			}
			t.Logf("%s: loss %.4f, slope %.4f, gradient along it %.4f", what, here["loss"], slope, product)
		}
	}
}

// TestReferencedLossesInParts: pairs and sums over the step are the same however
// the step is cut.
func TestReferencedLossesInParts(t *testing.T) {
	directory := shallow(t)
	m := denoiserAlone(t, directory)
	defer m.Finalize()
	base, err := m.ReadReference(golden.Backend(t), directory, "")
	if err != nil {
		t.Fatal(err)
	}
	defer base.Finalize()
	settings := Settings{LoRA: &two}
	// Here the network is worse than its reference: the offset of diffusion_kto is 0
	// over the batch, and not over the classes.
	classes := referenced[1]
	classes.options = `{"beta":20,"offset":"classes"}`
	for _, loss := range append(slices.Clone(referenced), classes) {
		run := func(micro int) (map[string]float64, map[string]safetensors.Tensor) {
			store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Finalize()
			moved(t, store, 0.02)
			return oneStep(t, m, store, Reference{Store: copied(t, base)}, settings, micro, loss.name, loss.options, loss.examples)
		}
		whole, gradients := run(0)
		values, others := run(2)
		for _, name := range slices.Sorted(maps.Keys(whole)) {
			if math.Abs(values[name]-whole[name]) > 2e-5*math.Max(1, math.Abs(whole[name])) {
				t.Errorf("%s in parts: %s is %v, in one %v", loss.name, name, values[name], whole[name])
			}
		}
		if worst, name := apart(t, others, gradients); worst > 1e-3 {
			t.Errorf("%s in parts: the gradient of %s differs by %.1e of its largest element", loss.name, name, worst)
		}
	}
}

// TestReadReferenceRefuses: another network is no reference; one that was trained on
// images of another size is.
func TestReadReferenceRefuses(t *testing.T) {
	directory := shallow(t)
	m := denoiserAlone(t, directory)
	defer m.Finalize()
	read := func(key, value string) error {
		t.Helper()
		other := t.TempDir()
		if err := os.CopyFS(other+"/unet", os.DirFS(directory+"/unet")); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(other + "/unet/config.json")
		if err != nil {
			t.Fatal(err)
		}
		changed := regexp.MustCompile(`"`+key+`": *\d+`).ReplaceAll(text, []byte(`"`+key+`": `+value))
		if err := os.WriteFile(other+"/unet/config.json", changed, 0o644); err != nil || bytes.Equal(changed, text) {
			t.Fatalf("%s is not changed: %v", key, err)
		}
		store, err := m.ReadReference(golden.Backend(t), other, "")
		if err == nil {
			store.Finalize()
		}
		return err
	}
	if err := read("attention_head_dim", "4"); err == nil || !strings.Contains(err.Error(), "another network") {
		t.Errorf("a network with other heads: error %v", err)
	}
	if err := read("sample_size", `24, "upcast_attention": true, "dropout": 0.1`); err != nil {
		t.Errorf("the network, trained on images of another size: %v", err)
	}
	if _, err := m.ReadReference(golden.Backend(t), t.TempDir(), ""); err == nil {
		t.Error("an empty directory is a reference")
	}
}

// TestReferenceOfAdapters: adapters that are trained further are compared with what
// they were, and not with the network without them.
func TestReferenceOfAdapters(t *testing.T) {
	directory := shallow(t)
	m := denoiserAlone(t, directory)
	defer m.Finalize()
	settings := Settings{LoRA: &two}
	store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Finalize()
	moved(t, store, 0.02) // they do something
	for _, test := range []struct {
		adapted bool
		start   bool
	}{{true, true}, {false, false}} {
		clone, err := store.Clone()
		if err != nil {
			t.Fatal(err)
		}
		values, _ := oneStep(t, m, clone, Reference{Adapted: test.adapted}, settings, 0, referenced[0].name, referenced[0].options, referenced[0].examples)
		if got := math.Abs(values["loss"]-math.Ln2) < 2e-6; got != test.start {
			t.Errorf("adapted %v: the first loss is %v", test.adapted, values["loss"])
		}
		clone.Finalize()
	}
}
