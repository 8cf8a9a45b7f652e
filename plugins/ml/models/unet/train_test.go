package unet

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// torchNumbers is what torch's autograd got for one loss.
type torchNumbers struct {
	Loss  float64            `json:"loss"`
	Norm  float64            `json:"global_grad_norm"`
	Norms map[string]float64 `json:"grad_l2_norm"` // of every weight's gradient
}

// trained are the golden numbers of training.
type trained struct {
	MSE            torchNumbers `json:"mse"`
	RewardWeighted torchNumbers `json:"reward_weighted"`
	Beta           float64      `json:"beta"`
	AdamW          map[string]struct {
		Rate    float64    `json:"lr"`
		Betas   [2]float64 `json:"betas"`
		Epsilon float64    `json:"eps"`
		Decay   float64    `json:"weight_decay"`
		Clip    float64    `json:"max_grad_norm"`
		Losses  []float64  `json:"loss_before_step_1_2_3_and_after_3"`
		Norms   []float64  `json:"grad_norm_before_clipping"`
	} `json:"adamw"`
}

func readTrained(t *testing.T) (trained, *safetensors.File) {
	t.Helper()
	text, err := os.ReadFile(expected + "train.json")
	if err != nil {
		t.Fatal(err)
	}
	var numbers trained
	if err := json.Unmarshal(text, &numbers); err != nil {
		t.Fatal(err)
	}
	return numbers, golden.Read(t, expected+"train.safetensors")
}

// batch is noisy latents, timesteps, contexts and noise: what the network sees,
// and what it should say. before is "" or "pre.".
func batch(file *safetensors.File, before string) []safetensors.Tensor {
	noise := golden.ChannelsLast(file.Tensors[before+"noise"])
	timesteps := golden.Floats(file.Integers[before+"timesteps"])
	noisy := safetensors.Tensor{Dims: noise.Dims, Data: make([]float32, len(noise.Data))}
	clean := golden.ChannelsLast(file.Tensors[before+"latents"])
	each := len(noise.Data) / len(timesteps.Data)
	schedule := diffusion.ScaledLinear(0.00085, 0.012, 1000)
	for i, timestep := range timesteps.Data {
		from, to := i*each, (i+1)*each
		schedule.At(int(timestep)).AddNoise(noisy.Data[from:to], clean.Data[from:to], noise.Data[from:to])
	}
	return []safetensors.Tensor{noisy, timesteps, file.Tensors[before+"encoder_hidden_states"], noise}
}

// TestGradients compares every weight's gradient with torch's, of the plain
// denoising loss and of the reward-weighted one with a pre-training term (Lee et
// al. 2023, eq. 3).
func TestGradients(t *testing.T) {
	config, store := read(t)
	numbers, file := readTrained(t)
	weights := config.Weights(golden.Backend(t))
	golden.Expect(t, "noisy latents", golden.ChannelsFirst(batch(file, "")[0]), file.Tensors["noisy_latents"], 2e-6)
	denoising := func(in []*Node) *Node { // [batch]
		return objective.Denoising(config.Build(nn.LoadedParams(store), in[0], in[1], conditioning.Of[*Node]{conditioning.Context: in[2]}), in[3])
	}
	for name, test := range map[string]struct {
		want   torchNumbers
		inputs []safetensors.Tensor
		build  func(in []*Node) *Node
	}{
		"mse": {numbers.MSE, batch(file, ""), func(in []*Node) *Node { return ReduceAllMean(denoising(in)) }},
		"reward_weighted": {numbers.RewardWeighted, append(append(batch(file, ""), batch(file, "pre.")...), file.Tensors["reward"]), func(in []*Node) *Node {
			return Add(ReduceAllMean(Mul(in[8], denoising(in[:4]))), MulScalar(ReduceAllMean(denoising(in[4:8])), numbers.Beta))
		}},
	} {
		if name != "mse" && !backendstest.Long() { // the same network, twice
			continue
		}
		got := golden.Run(t, store, func(in []*Node) []*Node {
			value := test.build(in)
			var nodes []*Node
			for _, need := range weights.Needs {
				nodes = append(nodes, store.GetVariable("/"+need.Name).NodeValue(value.Graph()))
			}
			return append([]*Node{value}, Gradient(value, nodes...)...)
		}, test.inputs...)
		if v := float64(got[0].Data[0]); math.Abs(v-test.want.Loss) > 2e-6 {
			t.Errorf("%s: the loss is %v, want %v", name, v, test.want.Loss)
		}
		gradients := map[string]safetensors.Tensor{}
		for i, need := range weights.Needs {
			gradients[need.Name] = got[1+i]
		}
		published, err := weights.Published(gradients)
		if err != nil {
			t.Fatal(err)
		}
		checked, worst, squares := 0, 0.0, 0.0
		for weight, want := range test.want.Norms {
			norm := 0.0
			for _, v := range published.Tensors[weight].Data {
				norm += float64(v) * float64(v)
			}
			squares += norm
			if norm = math.Sqrt(norm); !(math.Abs(norm-want) <= 1e-4*want+1e-9) {
				t.Errorf("%s: the gradient of %s has norm %v, want %v", name, weight, norm, want)
			}
		}
		if len(test.want.Norms) != len(weights.Needs) {
			t.Errorf("%s: %d norms for %d weights", name, len(test.want.Norms), len(weights.Needs))
		}
		if norm := math.Sqrt(squares); math.Abs(norm-test.want.Norm) > 1e-4*test.want.Norm {
			t.Errorf("%s: the gradient has norm %v, want %v", name, norm, test.want.Norm)
		}
		for tensor, want := range file.Tensors {
			weight, ok := strings.CutPrefix(tensor, name+".grad.")
			if !ok {
				continue
			}
			checked++
			largest := 0.0
			for _, v := range want.Data {
				largest = math.Max(largest, math.Abs(float64(v)))
			}
			worst = math.Max(worst, golden.Expect(t, tensor, published.Tensors[weight], want, 1e-4*largest)/largest)
		}
		if checked != 30 {
			t.Errorf("%s: compared %d gradients", name, checked)
		}
		t.Logf("%s: relative to the largest element: %.2g", name, worst)
	}
}

// TestAdamW trains all weights for three steps on one batch.
func TestAdamW(t *testing.T) {
	backendstest.SkipLong(t)
	numbers, file := readTrained(t)
	for name, run := range numbers.AdamW {
		config, store := read(t)
		weights := config.Weights(golden.Backend(t))
		var losses, norms []float64
		var after map[string]safetensors.Tensor
		loop := train.Loop{
			Backend: golden.Backend(t), Store: store,
			Steps: 4, Optimizer: train.Optimizer{
				LearningRate: run.Rate, Beta1: run.Betas[0], Beta2: run.Betas[1], Epsilon: run.Epsilon,
				WeightDecay: run.Decay, GradientClipNorm: run.Clip,
			},
			Batch: func(int) ([]any, error) {
				var inputs []any
				for _, input := range batch(file, "") {
					inputs = append(inputs, golden.OnDevice(input))
				}
				return inputs, nil
			},
			Loss: func(in []*Node) (*Node, []*Node) {
				return ReduceAllMean(objective.Denoising(config.Build(nn.LoadedParams(store), in[0], in[1], conditioning.Of[*Node]{conditioning.Context: in[2]}), in[3])), nil
			},
		}
		err := loop.Run(context.Background(), func(p sdk.Progress) error {
			losses, norms = append(losses, p.Values["loss"]), append(norms, p.Values["gradient_norm"])
			if p.Step == 3 {
				after = train.Tensors(store)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range run.Losses {
			if math.Abs(losses[i]-want) > 1e-5 {
				t.Errorf("%s: loss %d is %v, want %v", name, i, losses[i], want)
			}
		}
		for i, want := range run.Norms {
			if math.Abs(norms[i]-want) > 1e-4*want {
				t.Errorf("%s: gradient norm %d is %v, want %v", name, i, norms[i], want)
			}
		}
		t.Logf("%s: losses %v", name, losses)
		if run.Clip != 0 {
			continue
		}
		published, err := weights.Published(after)
		if err != nil {
			t.Fatal(err)
		}
		checked, worst := 0, 0.0
		for tensor, want := range file.Tensors {
			if weight, ok := strings.CutPrefix(tensor, "after3."); ok {
				checked++
				worst = math.Max(worst, golden.Expect(t, tensor, published.Tensors[weight], want, 2e-5))
			}
		}
		if checked != 15 {
			t.Errorf("compared %d weights", checked)
		}
		t.Logf("%s: weights after three steps: %.2g", name, worst)
	}
}
