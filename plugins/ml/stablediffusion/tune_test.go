package stablediffusion

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/ml/tuning"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// given are inputs, and what is random about them, from a table: latents without
// deviation, noise, timesteps, embeddings.
type given struct {
	latents, noise, texts []safetensors.Tensor // of a batch each, channels last
	timesteps             [][]int64
	scale                 float32
	count                 int // examples in a batch
}

func (g given) Size() ([3]int, [2]int) {
	d, t := g.latents[0].Dims, g.texts[0].Dims
	return [3]int{d[1], d[2], d[3]}, [2]int{t[1], t[2]}
}

// of is the part of a batch that belongs to an example.
func (g given) of(batches []safetensors.Tensor, example int) []float32 {
	data := batches[example/g.count].Data
	size := len(data) / g.count
	return data[example%g.count*size:][:size]
}

func (g given) Latents(example int, mean, deviation []float32) error {
	for i, v := range g.of(g.latents, example) {
		mean[i] = v / g.scale
	}
	clear(deviation)
	return nil
}

func (g given) Text(example int, out []float32) error {
	copy(out, g.of(g.texts, example))
	return nil
}

func (g given) Empty(out []float32) error { return fmt.Errorf("no caption is to be left out") }

// golden are the numbers of torch's autograd for one objective.
type objective struct {
	Loss  float64            `json:"loss"`
	Norm  float64            `json:"global_grad_norm"`
	Norms map[string]float64 `json:"grad_l2_norm"`
}

// fixtures are the batches that the golden gradients belong to: examples 0 and 1
// are the plain one's, 2 and 3 the pre-training term's.
func fixtures(t *testing.T) (given, map[string]objective, *safetensors.File) {
	t.Helper()
	text, err := os.ReadFile(expected + "train.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	numbers := map[string]objective{}
	for _, name := range []string{"mse", "reward_weighted"} {
		var o objective
		if err := json.Unmarshal(raw[name], &o); err != nil {
			t.Fatal(err)
		}
		numbers[name] = o
	}
	file := golden.Read(t, expected+"train.safetensors")
	g := given{count: 2}
	for _, before := range []string{"", "pre."} {
		g.latents = append(g.latents, golden.ChannelsLast(file.Tensors[before+"latents"]))
		g.noise = append(g.noise, golden.ChannelsLast(file.Tensors[before+"noise"]))
		g.texts = append(g.texts, file.Tensors[before+"encoder_hidden_states"])
		g.timesteps = append(g.timesteps, file.Integers[before+"timesteps"].Data)
	}
	return g, numbers, file
}

// tiny model's denoising network alone.
func readUNet(t *testing.T) *Model {
	t.Helper()
	m, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	if m.UNetStore, err = m.UNet.Weights(golden.Backend(t)).Read(tiny + "/unet"); err != nil {
		t.Fatal(err)
	}
	return m
}

// order is a term that goes through its examples as they are numbered.
func inOrder(name string, weight float64, examples []int, factors []float64) *tuning.Term {
	for seed := uint64(0); ; seed++ {
		term := tuning.NewTerm(name, weight, examples, factors, seed)
		batch := tuning.Batch{Terms: []*tuning.Term{term}, Images: len(examples)}
		var got []int
		for _, slot := range batch.Slots(0, 0, 0) {
			got = append(got, slot.Example)
		}
		if slices.Equal(got, examples) {
			return term
		}
	}
}

// exact is an optimizer that leaves the gradient of a first step in its first
// moment as it is, and moves weights.
var exact = sdk.Optimizer{Steps: 1, LearningRate: 1e-3, Beta1: 0, Beta2: 0.999, Epsilon: 1e-8}

// step runs one step of a job on the fixtures' examples. It returns what the
// step reports, and the gradients by weight.
func step(t *testing.T, m *Model, store *model.Store, g given, settings Settings, batch tuning.Batch) (map[string]float64, map[string]safetensors.Tensor) {
	t.Helper()
	g.scale = float32(m.VAE.ScalingFactor)
	noised := m.noised(g, settings)
	// The examples of a term alternate with those of the others; the table says
	// what belongs to each.
	var examples []int
	for part := range batch.Parts() {
		for _, slot := range batch.Slots(0, part, 0) {
			examples = append(examples, slot.Example)
		}
	}
	next := 0
	noised.draw = func(_ *rand.Rand, each int) drawn {
		example := examples[next]
		next++
		return drawn{
			timestep: int(g.timesteps[example/g.count][example%g.count]),
			latents:  make([]float32, each), noise: g.of(g.noise, example),
		}
	}
	var values map[string]float64
	err := m.job(store, noised, settings, batch).Run(context.Background(), &train.Loop{Backend: golden.Backend(t), Store: store, Optimizer: exact}, func(p sdk.Progress) error {
		values = p.Values
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	gradients := map[string]safetensors.Tensor{}
	for v := range store.IterVariables() {
		if name, ok := strings.CutPrefix(v.Path(), "/adamw_m/"); ok {
			gradients[name] = golden.OnHost(v.MustValue())
		}
	}
	return values, gradients
}

// largest is the largest element.
func largest(data []float32) float64 {
	m := 0.0
	for _, v := range data {
		m = math.Max(m, math.Abs(float64(v)))
	}
	return m
}

// apart is the largest difference of tensors, each relative to the tensor's
// largest element. Tensors that are zero but for rounding are passed over.
func apart(t *testing.T, got, want map[string]safetensors.Tensor) (worst float64, name string) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Fatalf("%d tensors and %d", len(got), len(want))
	}
	for tensor, w := range want {
		size := math.Max(largest(w.Data), 1e-7)
		for i, v := range got[tensor].Data {
			if d := math.Abs(float64(v-w.Data[i])) / size; !(d <= worst) {
				worst, name = d, tensor
			}
		}
	}
	return worst, name
}

// TestTuneGradients: examples, noise, objective and loop together have torch's
// gradients, plain and weighted by rewards with a pre-training term (Lee et al.
// 2023, eq. 3), in one part and one image at a time.
func TestTuneGradients(t *testing.T) {
	g, numbers, file := fixtures(t)
	var rewards []float64
	for _, r := range file.Tensors["reward"].Data {
		rewards = append(rewards, float64(r))
	}
	for name, terms := range map[string][]*tuning.Term{
		"mse":             {inOrder(tuning.Pretraining, 1, []int{0, 1}, nil)},
		"reward_weighted": {inOrder(tuning.RewardWeighted, 1, []int{0, 1}, rewards), inOrder(tuning.Pretraining, 0.5, []int{2, 3}, nil)},
	} {
		for _, micro := range []int{0, 1} {
			m := readUNet(t)
			weights := m.UNet.Weights(golden.Backend(t))
			values, gradients := step(t, m, m.UNetStore, g, Settings{}, tuning.Batch{Terms: terms, Images: 2, Micro: micro})
			want := numbers[name]
			if math.Abs(values["loss"]-want.Loss) > 2e-6 || math.Abs(values["gradient_norm"]-want.Norm) > 1e-4*want.Norm {
				t.Errorf("%s: loss %v and gradient norm %v, want %v and %v", name, values["loss"], values["gradient_norm"], want.Loss, want.Norm)
			}
			published, err := weights.Published(gradients)
			if err != nil {
				t.Fatal(err)
			}
			for weight, norm := range want.Norms {
				square := 0.0
				for _, v := range published.Tensors[weight].Data {
					square += float64(v) * float64(v)
				}
				if got := math.Sqrt(square); !(math.Abs(got-norm) <= 1e-4*norm+1e-9) {
					t.Errorf("%s: the gradient of %s has norm %v, want %v", name, weight, got, norm)
				}
			}
			checked, worst := 0, 0.0
			for tensor, want := range file.Tensors {
				if weight, ok := strings.CutPrefix(tensor, name+".grad."); ok {
					checked++
					size := largest(want.Data)
					worst = math.Max(worst, golden.Expect(t, tensor, published.Tensors[weight], want, 1e-4*size)/size)
				}
			}
			if checked != 30 || len(want.Norms) != len(weights.Needs) {
				t.Errorf("%s: compared %d gradients and %d norms", name, checked, len(want.Norms))
			}
			t.Logf("%s, %d images at once (0: all): relative to the largest element: %.2g", name, micro, worst)
		}
	}
}
