package feedback

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/models/mlp"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// reference is testdata: the losses, gradients and first optimizer steps that
// PyTorch gives for small networks (see "definition" in expected.json).
type reference struct {
	Temperature float64 `json:"temperature"`
	Lambda      float64 `json:"lambda"`
	TargetIndex []int   `json:"target_index"`
	Models      map[string]struct {
		Layers  [][]int            `json:"layers"`
		Losses  map[string]float64 `json:"losses"`
		AdamW   []float64          `json:"adamw_lr1e-2_wd1e-2_total_loss_before_step_1_2_3_and_after_3"`
		Rewards []float64          `json:"reward"`
	} `json:"models"`
	tensors map[string]safetensors.Tensor
}

func readReference(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Read(filepath.Join("testdata", "reward.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	r.tensors = file.Tensors
	return r
}

// network is a reference model's configuration with its weights, which are
// stored [out, in] there and [in, out] here.
func (r reference) network(name string) (mlp.Config, *model.Store) {
	layers := r.Models[name].Layers
	config := mlp.Config{HiddenLayers: len(layers)/2 - 1, HiddenUnits: layers[0][0]}
	store := model.NewStore()
	for layer := range len(layers) / 2 {
		for _, kind := range []string{"weight", "bias"} {
			tensor := turned(r.tensors[fmt.Sprintf("%s.param.layers.%d.%s", name, layer, kind)])
			store.VariableWithValue(fmt.Sprintf("/layers.%d.%s", layer, kind), tensors.FromFlatDataAndDimensions(tensor.Data, tensor.Dims...))
		}
	}
	return config, store
}

// turned transposes a matrix and leaves a vector as it is.
func turned(t safetensors.Tensor) safetensors.Tensor {
	if len(t.Dims) != 2 {
		return t
	}
	rows, columns := t.Dims[0], t.Dims[1]
	out := safetensors.Tensor{Dims: []int{columns, rows}, Data: make([]float32, len(t.Data))}
	for i := range rows {
		for j := range columns {
			out.Data[j*rows+i] = t.Data[i*columns+j]
		}
	}
	return out
}

// inputs are the reference's batch, with the true prompt moved to the front.
func (r reference) inputs(examples string) []any {
	images, candidates, labels := r.tensors["image_embeds"], r.tensors["candidate_text_embeds"], r.tensors["label"]
	batch, count, width := candidates.Dims[0], candidates.Dims[1], candidates.Dims[2]
	texts := slices.Clone(candidates.Data)
	for i, target := range r.TargetIndex {
		first, other := texts[i*count*width:][:width], texts[(i*count+target)*width:][:width]
		for j := range first {
			first[j], other[j] = other[j], first[j]
		}
	}
	weights := slices.Clone(labels.Data)
	if examples == examplesAll {
		weights = slices.Repeat([]float32{1}, batch)
	}
	return []any{
		tensors.FromFlatDataAndDimensions(images.Data, images.Dims...),
		tensors.FromFlatDataAndDimensions(texts, candidates.Dims...),
		tensors.FromFlatDataAndDimensions(labels.Data, batch),
		tensors.FromFlatDataAndDimensions(slices.Repeat([]float32{1}, batch*count), batch, count),
		tensors.FromFlatDataAndDimensions(weights, batch),
	}
}

func (r reference) auxiliary() *promptClassification {
	return &promptClassification{Weight: r.Lambda, Temperature: r.Temperature, On: onSigmoid}
}

func batchOf(in []*Node) batch {
	return batch{images: in[0], rest: in[1], labels: in[2], present: in[3], weights: in[4]}
}

// TestObjectiveAgreesWithPyTorch holds every term of the objective and its
// gradient to the reference, for both readings of "two-layer perceptron".
func TestObjectiveAgreesWithPyTorch(t *testing.T) {
	backend := backendstest.Backend(t)
	r := readReference(t)
	for name, expected := range r.Models {
		for _, term := range []struct {
			name     string
			examples string
			of       func(total, mse, classification *Node) *Node
		}{
			{"mse", examplesGood, func(_, mse, _ *Node) *Node { return mse }},
			{"prompt_ce", examplesGood, func(_, _, classification *Node) *Node { return classification }},
			{"total", examplesGood, func(total, _, _ *Node) *Node { return total }},
			{"total_ce_over_all", examplesAll, func(total, _, _ *Node) *Node { return total }},
		} {
			t.Run(name+"/"+term.name, func(t *testing.T) {
				config, store := r.network(name)
				var names []string
				for v := range store.IterVariables() {
					names = append(names, v.Path())
				}
				slices.Sort(names)
				exec, err := model.NewExec(backend, store, func(_ *model.Scope, in []*Node) []*Node {
					loss := term.of(objective(nn.NewParams(store, 0), config, r.auxiliary(), batchOf(in)))
					var weights []*Node
					for _, name := range names {
						weights = append(weights, store.GetVariable(name).NodeValue(loss.Graph()))
					}
					return append([]*Node{loss}, Gradient(loss, weights...)...)
				})
				if err != nil {
					t.Fatal(err)
				}
				outputs, err := exec.Exec(r.inputs(term.examples)...)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := float64(tensors.MustCopyFlatData[float32](outputs[0])[0]), expected.Losses[term.name]; math.Abs(got-want) > 1e-6 {
					t.Errorf("loss is %.8f, want %.8f", got, want)
				}
				for i, weight := range names {
					want := turned(r.tensors[name+".grad."+term.name+"."+weight[1:]]).Data
					got := tensors.MustCopyFlatData[float32](outputs[1+i])
					if len(want) != len(got) {
						t.Fatalf("gradient of %s has %d numbers, want %d", weight, len(got), len(want))
					}
					for k := range want {
						if math.Abs(float64(got[k]-want[k])) > 1e-6 {
							t.Fatalf("gradient of %s: number %d is %.8f, want %.8f", weight, k, got[k], want[k])
						}
					}
				}
			})
		}
	}
}

// TestRewardsAgreeWithPyTorch scores through a checkpoint, as a run does.
func TestRewardsAgreeWithPyTorch(t *testing.T) {
	backend := backendstest.Backend(t)
	r := readReference(t)
	for name, expected := range r.Models {
		t.Run(name, func(t *testing.T) {
			config, store := r.network(name)
			images, texts := rows(r.tensors["image_embeds"]), rows(r.tensors["text_embeds"])
			directory := t.TempDir()
			c := &checkpoint{Class: className, Config: config, inputs: inputs{ImageWidth: len(images[0]), TextWidth: len(texts[0])}}
			if err := c.write(directory, train.Tensors(store), unchanged(len(images[0])+len(texts[0]))); err != nil {
				t.Fatal(err)
			}
			_, h, err := load(backend, directory)
			if err != nil {
				t.Fatal(err)
			}
			defer h.close()
			scores, err := h.score(t.Context(), images, texts)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range expected.Rewards {
				if math.Abs(scores[i]-want) > 1e-6 {
					t.Errorf("reward %d is %.8f, want %.8f", i, scores[i], want)
				}
			}
		})
	}
}

func rows(t safetensors.Tensor) [][]float32 {
	var out [][]float32
	for row := range slices.Chunk(t.Data, t.Dims[1]) {
		out = append(out, row)
	}
	return out
}

// TestStepsAgreeWithPyTorch trains for three steps on the same batch; the
// fourth step's loss is that after three.
func TestStepsAgreeWithPyTorch(t *testing.T) {
	backend := backendstest.Backend(t)
	r := readReference(t)
	for name, expected := range r.Models {
		t.Run(name, func(t *testing.T) {
			config, store := r.network(name)
			var got []float64
			loop := &train.Loop{
				Backend: backend, Store: store,
				Steps: 4, Optimizer: train.Optimizer{LearningRate: 1e-2, Schedule: "constant", WeightDecay: 1e-2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
				Batch: func(int) ([]any, error) { return r.inputs(examplesGood), nil },
				Loss: func(in []*Node) (*Node, []*Node) {
					total, _, _ := objective(nn.NewParams(store, 0), config, r.auxiliary(), batchOf(in))
					return total, nil
				},
			}
			err := loop.Run(t.Context(), func(p sdk.Progress) error {
				got = append(got, p.Values["loss"])
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range expected.AdamW {
				if math.Abs(got[i]-want) > 2e-6 {
					t.Errorf("loss after %d steps is %.8f, want %.8f", i, got[i], want)
				}
			}
		})
	}
}
