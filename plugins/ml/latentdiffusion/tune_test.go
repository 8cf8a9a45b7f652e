package latentdiffusion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/lora"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// given are inputs, and what is random about them, from a table: latents without
// deviation, noise, timesteps, embeddings.
type given struct {
	latents, noise, texts []safetensors.Tensor // of a batch each, channels last
	timesteps             [][]int64
	scale                 float32
	count                 int // examples in a batch
}

func (g given) Size() ([3]int, conditioning.Shapes) {
	d := g.latents[0].Dims
	return [3]int{d[1], d[2], d[3]}, conditioning.Shapes{conditioning.Context: g.texts[0].Dims[1:]}
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

func (g given) Conditions(example int, out conditioning.Of[[]float32]) error {
	copy(out[conditioning.Context], g.of(g.texts, example))
	return nil
}

func (g given) Empty(conditioning.Of[[]float32]) error {
	return fmt.Errorf("no caption is to be left out")
}

// torchNumbers are the numbers of torch's autograd for one objective.
type torchNumbers struct {
	Loss  float64            `json:"loss"`
	Norm  float64            `json:"global_grad_norm"`
	Norms map[string]float64 `json:"grad_l2_norm"`
}

// fixtures are the batches that the golden gradients belong to: examples 0 and 1
// are the plain one's, 2 and 3 the pre-training term's.
func fixtures(t *testing.T) (given, map[string]torchNumbers, *safetensors.File) {
	t.Helper()
	text, err := os.ReadFile(expected + "train.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	numbers := map[string]torchNumbers{}
	for _, name := range []string{"mse", "reward_weighted"} {
		var o torchNumbers
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

// denoiserAlone reads a model's denoising network alone.
func denoiserAlone(t *testing.T, directory string) *Model {
	t.Helper()
	m, err := ReadConfig(directory)
	if err != nil {
		t.Fatal(err)
	}
	if m.DenoiserStore, err = m.Denoiser.Weights(golden.Backend(t)).Read(directory + "/unet"); err != nil {
		t.Fatal(err)
	}
	return m
}

// exact is an optimizer that leaves the gradient of a first step in its first
// moment as it is, and moves weights.
var exact = train.Optimizer{LearningRate: 1e-3, Beta1: 0, Beta2: 0.999, Epsilon: 1e-8}

// term is a loss on images with factors, or on all alike.
func term(name string, weight float64, images []int, factors []float64, seed uint64) *objective.Term {
	loss, err := objective.New(name, nil)
	if err != nil {
		panic(err)
	}
	var examples []objective.Example
	for i, image := range images {
		example := objective.Example{Images: []int{image}, Factor: 1}
		if factors != nil {
			example.Factor = factors[i]
		}
		examples = append(examples, example)
	}
	return objective.NewTerm(name, weight, loss, examples, seed)
}

// step runs one step of a job on the fixtures' examples. It returns what the
// step reports, and the gradients by weight.
func step(t *testing.T, m *Model, store *model.Store, g given, settings Settings, batch objective.Step) (map[string]float64, map[string]safetensors.Tensor) {
	t.Helper()
	g.scale = float32(m.VAE.ScalingFactor)
	noised := m.noised(g, settings)
	// The examples of a term alternate with those of the others; the table says
	// what belongs to each.
	var examples []int
	for part := range batch.Parts() {
		for _, draw := range batch.Draws(0, part, 0) {
			examples = append(examples, draw.Image)
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
	err := (&objective.Job{Policy: m.policy(store, noised, Reference{}, settings), Step: batch}).Run(context.Background(), &train.Loop{Backend: golden.Backend(t), Store: store, Steps: 1, Optimizer: exact}, func(p sdk.Progress) error {
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
	backendstest.SkipLong(t)
	g, numbers, file := fixtures(t)
	var rewards []float64
	for _, r := range file.Tensors["reward"].Data {
		rewards = append(rewards, float64(r))
	}
	for name, terms := range map[string][]*objective.Term{
		"mse":             {term("pretraining", 1, []int{0, 1}, nil, 1)},
		"reward_weighted": {term("reward_weighted", 1, []int{0, 1}, rewards, 1), term("pretraining", 0.5, []int{2, 3}, nil, 2)},
	} {
		for _, micro := range []int{0, 1} {
			m := denoiserAlone(t, tiny)
			weights := m.Denoiser.Weights(golden.Backend(t))
			values, gradients := step(t, m, m.DenoiserStore, g, Settings{}, objective.Step{Terms: terms, Images: 2, Micro: micro})
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

// eight are a weighted and a plain loss, four images a step: each of the
// fixtures' examples is in it twice.
func eight() []*objective.Term {
	return []*objective.Term{
		term("reward_weighted", 1, []int{0, 1, 2, 3}, []float64{0.2, 1.8, 1, 1}, 1),
		term("pretraining", 0.5, []int{0, 1, 2, 3}, nil, 2),
	}
}

// TestAccumulation: one part of eight images and eight parts of one have the
// same gradients, and leave the same weights after a step; as do parts of three,
// the last of which is filled up.
func TestAccumulation(t *testing.T) {
	g, _, _ := fixtures(t)
	run := func(micro int) (map[string]float64, map[string]safetensors.Tensor, map[string]safetensors.Tensor) {
		directory := shallow(t)
		m := denoiserAlone(t, directory)
		values, gradients := step(t, m, m.DenoiserStore, g, Settings{}, objective.Step{Terms: eight(), Images: 4, Micro: micro})
		return values, gradients, train.Tensors(m.DenoiserStore)
	}
	values, gradients, weights := run(8)
	for _, micro := range []int{1, 3} {
		otherValues, otherGradients, otherWeights := run(micro)
		for name, v := range values {
			if math.Abs(otherValues[name]-v) > 1e-5*v {
				t.Errorf("%d at once: %s is %v, with all eight %v", micro, name, otherValues[name], v)
			}
		}
		worst, name := apart(t, otherGradients, gradients)
		if worst > 1e-4 {
			t.Errorf("%d at once: the gradient of %s differs by %.1e of its largest element", micro, name, worst)
		}
		// A first step of Adam moves a weight by the sign of its gradient, which
		// rounding decides where that is nearly zero.
		moved, count := 0.0, 0
		for name, w := range weights {
			size := largest(gradients[name].Data)
			for i, v := range w.Data {
				if math.Abs(float64(gradients[name].Data[i])) > 1e-4*size {
					moved, count = math.Max(moved, math.Abs(float64(v-otherWeights[name].Data[i]))), count+1
				}
			}
		}
		t.Logf("%d at once: gradients differ by %.1e of the largest element, %d weights by %.1e", micro, worst, count, moved)
		if moved > 1e-5 || count < 5e4 {
			t.Errorf("%d at once: a weight of %d differs by %v, a step moves them by %v", micro, count, moved, exact.LearningRate)
		}
	}
}

var two = lora.Config{Rank: 2, Alpha: float(6), Targets: []string{"to_q", "to_out.0", "conv2", "proj"}}

func float(v float64) *float64 { return &v }

// TestAdapters: new ones change nothing; they alone are trained, by the gradient
// that the layer's own weight would have, seen through them.
func TestAdapters(t *testing.T) {
	g, _, _ := fixtures(t)
	batch := objective.Step{Terms: eight(), Images: 4}
	directory := shallow(t)
	m := denoiserAlone(t, directory)
	whole, full := step(t, m, m.DenoiserStore, g, Settings{}, batch)
	settings := Settings{LoRA: &two}
	store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
	if err != nil {
		t.Fatal(err)
	}
	before := train.Tensors(store)
	batch.Terms = eight()
	values, gradients := step(t, m, store, g, settings, batch)
	if math.Abs(values["loss"]-whole["loss"]) > backendstest.Near() {
		t.Errorf("with new adapters the loss is %v, without %v", values["loss"], whole["loss"])
	}
	after := train.Tensors(store)
	for name := range before {
		if adapter := strings.Contains(name, ".lora_"); !adapter && !slices.Equal(before[name].Data, after[name].Data) {
			t.Errorf("%s is frozen, and changed", name)
		}
	}
	checked := 0
	for name, up := range gradients {
		layer, ok := strings.CutSuffix(name, ".lora_B.weight")
		if !ok {
			if size := largest(up.Data); size != 0 { // up is zero
				t.Errorf("the gradient of %s is %v", name, size)
			}
			continue
		}
		// The gradient of up is scale down^T times that of the weight.
		down, weight := before[layer+".lora_A.weight"], full[layer+".weight"]
		out := up.Dims[len(up.Dims)-1]
		want := safetensors.Tensor{Dims: up.Dims, Data: make([]float32, 2*out)}
		for i := range len(weight.Data) / out {
			for r := range 2 {
				for j := range out {
					want.Data[r*out+j] += 3 * down.Data[i*2+r] * weight.Data[i*out+j]
				}
			}
		}
		golden.Expect(t, name, up, want, 2e-4*largest(want.Data)+1e-8)
		checked++
	}
	if checked != 2*2*2+2+5 { // to_q and to_out.0 twice in each of 2 transformers, proj in each; conv2 in each of 5 blocks
		t.Errorf("compared %d adapters", checked)
	}
	// In the weights they do what they do beside them.
	adapters := lora.New(two, train.Trained(store))
	merged, err := m.Trainable(golden.Backend(t), directory, adapters, Settings{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	batch.Terms = eight()
	inside, _ := step(t, m, merged, g, Settings{}, batch)
	beside, err := m.Trainable(golden.Backend(t), directory, adapters, settings, 0)
	if err != nil {
		t.Fatal(err)
	}
	batch.Terms = eight()
	outside, _ := step(t, m, beside, g, settings, batch)
	t.Logf("loss without %v, with adapters beside the weights %v, in them %v", whole["loss"], outside["loss"], inside["loss"])
	if math.Abs(inside["loss"]-outside["loss"]) > 1e-5*outside["loss"] || math.Abs(inside["loss"]-whole["loss"]) < 1e-4*whole["loss"] {
		t.Errorf("the loss is %v with adapters in the weights, %v beside them, %v without", inside["loss"], outside["loss"], whole["loss"])
	}
}

// TestNoised: what is random about examples.
func TestNoised(t *testing.T) {
	m, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	g, _, _ := fixtures(t)
	g.scale = 1
	for _, share := range []float64{0, 0.1, 1} {
		n := m.noised(g, Settings{PromptDropout: share})
		const count = 4000
		silent, timesteps := 0, map[int]bool{}
		for i := range count {
			d := n.draw(rand.New(rand.NewPCG(9, uint64(i))), 1)
			if d.silent {
				silent++
			}
			timesteps[d.timestep] = true
		}
		if got := float64(silent) / count; math.Abs(got-share) > 4*math.Sqrt(share*(1-share)/count) {
			t.Errorf("%v of the captions are left out, want %v", got, share)
		}
		if len(timesteps) < 950 || len(timesteps) > 1000 {
			t.Errorf("%d timesteps", len(timesteps))
		}
	}
	// The empty caption is asked for when a caption is left out: here there is none.
	n := m.noised(g, Settings{PromptDropout: 1})
	draws := []objective.Draw{{Random: rand.New(rand.NewPCG(1, 1))}}
	if _, _, err := n.Inputs(draws); err == nil || !strings.Contains(err.Error(), "no caption") {
		t.Errorf("error %v", err)
	}
	// Weighed by timestep.
	n = m.noised(g, Settings{MinSNRGamma: 5})
	draw := n.draw
	for timestep, want := range map[int]float64{999: 1, 0: 5 * (0.00085 / (1 - 0.00085))} {
		n.draw = func(random *rand.Rand, each int) drawn {
			d := draw(random, each)
			d.timestep = timestep
			return d
		}
		_, weights, err := n.Inputs(draws)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(weights[0]-want) > 1e-9 {
			t.Errorf("timestep %d: weight %v, want %v", timestep, weights[0], want)
		}
	}
}

// TestVelocity: a model that predicts velocities is told velocities, of which
// and of the noisy latents the latents are made again.
func TestVelocity(t *testing.T) {
	m, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	g, _, _ := fixtures(t)
	g.scale = float32(m.VAE.ScalingFactor)
	m.Scheduler.Prediction = diffusion.Velocity
	n := m.noised(g, Settings{})
	inputs, _, err := n.Inputs([]objective.Draw{{Image: 1, Random: rand.New(rand.NewPCG(1, 1))}})
	if err != nil {
		t.Fatal(err)
	}
	noisy, target := golden.OnHost(inputs[0].(*tensors.Tensor)), golden.OnHost(inputs[1].(*tensors.Tensor))
	timestep := int(golden.OnHost(inputs[2].(*tensors.Tensor)).Data[0])
	at := n.schedule.At(timestep)
	for i, want := range g.of(g.latents, 1) {
		if got := at.Alpha*float64(noisy.Data[i]) - at.Sigma*float64(target.Data[i]); math.Abs(got-float64(want)) > 1e-5 {
			t.Fatalf("latent %d is %v, want %v", i, got, want)
		}
	}
}

// TestTuneResume: with parts, adapters and an average, a job that was stopped
// after a step ends with the bits of one that was not.
func TestTuneResume(t *testing.T) {
	g, _, _ := fixtures(t)
	directory := shallow(t)
	m := denoiserAlone(t, directory)
	g.scale = float32(m.VAE.ScalingFactor)
	settings := Settings{LoRA: &two}
	run := func(scratch string, stop int) (map[string]safetensors.Tensor, error) {
		store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
		if err != nil {
			t.Fatal(err)
		}
		optimizer := train.Optimizer{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, EMADecay: 0.9}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err = (&objective.Job{Policy: m.policy(store, m.noised(g, settings), Reference{}, settings), Step: objective.Step{Terms: eight(), Images: 1, Micro: 1}}).Run(ctx,
			&train.Loop{Backend: golden.Backend(t), Store: store, Steps: 3, Optimizer: optimizer, Scratch: scratch, SaveEvery: 1, Identity: "x"},
			func(p sdk.Progress) error {
				if p.Step == stop {
					cancel()
				}
				return nil
			})
		return train.Trained(store), err
	}
	want, err := run("", 0)
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	if _, err := run(scratch, 2); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	saved, err := sealed.Find(scratch + "/state.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	state := golden.Read(t, saved)
	for name := range state.Tensors {
		if !strings.Contains(name, ".lora_") {
			t.Errorf("%s does not change, and is saved", name)
		}
	}
	got, err := run(scratch, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !slices.Equal(got[name].Data, want[name].Data) {
			t.Errorf("%s is another", name)
		}
	}
}

// TestCheckpointing: blocks that are computed twice have the gradients of those
// that are kept, whole and with adapters.
func TestCheckpointing(t *testing.T) {
	g, _, _ := fixtures(t)
	batch := objective.Step{Terms: eight()[1:], Images: 2}
	for _, adapters := range []*lora.Config{nil, &two} {
		directory := shallow(t)
		m := denoiserAlone(t, directory)
		run := func(twice bool) (map[string]float64, map[string]safetensors.Tensor) {
			settings := Settings{LoRA: adapters, GradientCheckpointing: twice}
			store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
			if err != nil {
				t.Fatal(err)
			}
			return step(t, m, store, g, settings, batch)
		}
		values, gradients := run(false)
		again, others := run(true)
		if math.Abs(again["loss"]-values["loss"]) > backendstest.Near() {
			t.Errorf("the loss is %v, without checkpointing %v", again["loss"], values["loss"])
		}
		worst, name := apart(t, others, gradients)
		t.Logf("adapters %v: gradients differ by %.1e of the largest element", adapters != nil, worst)
		if worst > 1e-5 {
			t.Errorf("the gradient of %s differs by %.1e of its largest element", name, worst)
		}
	}
}

// TestHalfPrecision: in bfloat16 a step is nearly that of float32; what is
// trained, and what trains it, stays float32.
func TestHalfPrecision(t *testing.T) {
	g, _, _ := fixtures(t)
	batch := objective.Step{Terms: eight()[1:], Images: 2}
	for _, adapters := range []*lora.Config{nil, &two} {
		directory := shallow(t)
		m := denoiserAlone(t, directory)
		run := func(precision string) (map[string]float64, map[string]safetensors.Tensor) {
			settings := Settings{LoRA: adapters, Precision: precision, GradientCheckpointing: precision == BFloat16 && adapters != nil}
			store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
			if err != nil {
				t.Fatal(err)
			}
			values, gradients := step(t, m, store, g, settings, batch)
			for v := range store.IterVariables() {
				if half := v.DType() == dtypes.BFloat16; half != (precision == BFloat16 && adapters != nil && !v.Trainable && v.Shape().Rank() > 1 && !strings.HasPrefix(v.Path(), "/adamw")) {
					t.Errorf("%s, trained %v, is %s", v.Path(), v.Trainable, v.DType())
				}
			}
			return values, gradients
		}
		values, gradients := run(Float32)
		half, others := run(BFloat16)
		if d := math.Abs(half["loss"]/values["loss"] - 1); d == 0 || d > 0.01 {
			t.Errorf("the loss is %v in bfloat16, %v in float32", half["loss"], values["loss"])
		}
		var dot, ours, theirs float64
		for name, tensor := range gradients {
			for i, v := range tensor.Data {
				w := others[name].Data[i]
				dot, ours, theirs = dot+float64(v)*float64(w), ours+float64(v)*float64(v), theirs+float64(w)*float64(w)
			}
		}
		cosine, length := dot/math.Sqrt(ours*theirs), math.Sqrt(theirs/ours)
		t.Logf("adapters %v: loss %v and %v; gradient's cosine %.5f, length %.4f", adapters != nil, half["loss"], values["loss"], cosine, length)
		if !(cosine > 0.99 && math.Abs(length-1) < 0.03) {
			t.Errorf("the gradient's cosine with that of float32 is %v, its length %v of it", cosine, length)
		}
	}
}

// TestDivergedInHalfPrecision says so, and what to do.
func TestDivergedInHalfPrecision(t *testing.T) {
	g, _, _ := fixtures(t)
	directory := shallow(t)
	m := denoiserAlone(t, directory)
	g.scale = float32(math.Inf(1)) // latents that are no numbers
	for i := range g.latents[0].Data {
		g.latents[0].Data[i] = float32(math.NaN())
	}
	settings := Settings{LoRA: &lora.Config{Rank: 1, Targets: []string{"to_q"}}, Precision: BFloat16}
	store, err := m.Trainable(golden.Backend(t), directory, nil, settings, 5)
	if err != nil {
		t.Fatal(err)
	}
	table := term("pretraining", 1, []int{0, 1}, nil, 1)
	err = (&objective.Job{Policy: m.policy(store, m.noised(g, settings), Reference{}, settings), Step: objective.Step{Terms: []*objective.Term{table}, Images: 1}}).Run(t.Context(),
		&train.Loop{Backend: golden.Backend(t), Store: store, Steps: 1, Optimizer: exact, Advice: settings.advice()}, func(sdk.Progress) error { return nil })
	for _, want := range []string{"diverged at step 1", "NaN", `precision = "float32"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}
