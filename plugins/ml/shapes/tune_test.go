package shapes

import (
	"context"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// flats copies a step's inputs to the host.
func flats(t *testing.T, m *batchMaker, step int) [][]float32 {
	t.Helper()
	inputs, err := m.make(step)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for _, input := range inputs {
		out = append(out, tensors.MustCopyFlatData[float32](input.(*tensors.Tensor)))
	}
	return out
}

// TestBatchMaker: what a step learns from depends on the seed and the step, not
// on how the batch is cut; and it is what v-prediction needs.
func TestBatchMaker(t *testing.T) {
	config := tinyDenoiser()
	maker := func(chunks int) *batchMaker {
		m := &batchMaker{config: config, schedule: config.NoiseSchedule(), batch: 6, chunks: chunks, seed: 4}
		for i, name := range []string{LossRewardWeighted, LossPretraining} {
			term := &term{name: name, weight: float64(i + 1), order: train.NewShuffled(3, uint64(i))}
			for j, scene := range scenes(3, Attributes{-1, -1, -1, i}, FullVariety) {
				term.images = append(term.images, Render(scene))
				term.prompts = append(term.prompts, Objects[j])
				if i == 0 {
					term.factors = append(term.factors, float64(j))
				}
			}
			m.terms = append(m.terms, term)
		}
		return m
	}
	one := flats(t, maker(1), 3)
	m := maker(2)
	for _, step := range []int{0, 7, 3} { // whatever was asked before
		flats(t, m, step)
	}
	two := flats(t, m, 3)
	for i := range chunkInputs {
		if !slices.Equal(one[i], slices.Concat(two[i], two[chunkInputs+i])) {
			t.Errorf("input %d of two chunks is not that of one", i)
		}
	}
	if other := flats(t, m, 4); slices.Equal(other[0], two[0]) {
		t.Error("two steps have the same inputs")
	}
	noisy, target, timesteps, text, factors := one[0], one[1], one[2], one[3], one[4]
	width := config.TextWidth()
	for i := range 12 {
		term := m.terms[i%2] // terms alternate
		alpha, sigma := m.schedule.Alpha(int(timesteps[i])), m.schedule.Sigma(int(timesteps[i]))
		clean := make([]float32, imageValues)
		for j := range clean {
			x, v := float64(noisy[i*imageValues+j]), float64(target[i*imageValues+j])
			clean[j] = float32(alpha*x - sigma*v)
		}
		place := slices.IndexFunc(term.images, func(rgb []byte) bool { return slices.Equal(FromPatches(clean), rgb) })
		if place < 0 {
			t.Errorf("example %d is none of its loss's images", i)
			continue
		}
		factor := term.weight / 6
		if term.factors != nil {
			factor *= term.factors[place]
		}
		if math.Abs(float64(factors[i])-factor) > 1e-6 {
			t.Errorf("example %d has factor %v, want %v", i, factors[i], factor)
		}
		want, empty := make([]float32, width), make([]float32, width)
		config.Text(term.prompts[place], want)
		config.Text("", empty)
		if got := text[i*width : (i+1)*width]; !slices.Equal(got, want) && !slices.Equal(got, empty) {
			t.Errorf("example %d has another image's prompt", i)
		}
	}
}

// TestTune: a reward-weighted loss and a pre-training loss, from tables to
// weights, the same bits every time.
func TestTune(t *testing.T) {
	config := tinyDenoiser()
	images, rows := scenesTable(t, 8)
	var scores []dataset.Score
	for i, row := range rows {
		scores = append(scores, dataset.Score{ImageID: row.ID, Score: float64(i % 3)})
	}
	scored := filepath.Join(t.TempDir(), "scores.parquet")
	if err := dataset.WriteAll(scored, scores); err != nil {
		t.Fatal(err)
	}
	incomplete := filepath.Join(t.TempDir(), "incomplete.parquet")
	if err := dataset.WriteAll(incomplete, scores[:7]); err != nil {
		t.Fatal(err)
	}
	request := sdk.TuneRequest{
		Seed: 2,
		Losses: []sdk.TuneLoss{
			{Name: LossRewardWeighted, Weight: 1, Images: []string{images}, Scores: []string{scored}},
			{Name: LossPretraining, Weight: 0.5, Images: []string{images}},
		},
		Optimizer: sdk.Optimizer{Steps: 3, BatchSize: 4, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, GradientClipNorm: 1},
	}
	weights := func() any {
		store := randomDenoiser(t, config)
		before := train.Tensors(store)
		steps := 0
		err := Tune(context.Background(), openBackend(t), config, store, request, func(p sdk.Progress) error {
			steps++
			for _, name := range []string{"loss", "loss/" + LossRewardWeighted, "loss/" + LossPretraining, "gradient_norm", "learning_rate"} {
				if v, ok := p.Values[name]; !ok || v <= 0 {
					t.Errorf("step %d: %s is %v", p.Step, name, v)
				}
			}
			if p.Images != 8*p.Step {
				t.Errorf("step %d: %d images", p.Step, p.Images)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		after := train.Tensors(store)
		if steps != 3 || reflect.DeepEqual(before, after) {
			t.Errorf("after %d steps the weights are the same: %v", steps, reflect.DeepEqual(before, after))
		}
		for name := range before {
			frozen := strings.HasPrefix(name, "words.") || strings.HasPrefix(name, "text.")
			if changed := !reflect.DeepEqual(before[name], after[name]); changed == frozen {
				t.Errorf("%s: changed %v, frozen %v", name, changed, frozen)
			}
		}
		return after
	}
	if !reflect.DeepEqual(weights(), weights()) {
		t.Error("the same job gives other weights")
	}
	for _, test := range []struct {
		losses []sdk.TuneLoss
		want   []string
	}{
		{nil, []string{"no loss"}},
		{[]sdk.TuneLoss{{Name: LossPretraining}}, []string{LossPretraining, "no images"}},
		{[]sdk.TuneLoss{{Name: LossRewardWeighted, Images: []string{images}, Scores: []string{incomplete}}}, []string{LossRewardWeighted, `"scene-007"`, "no score"}},
		{[]sdk.TuneLoss{{Name: LossPretraining, Images: []string{images + ".missing"}}}, []string{LossPretraining, images + ".missing"}},
	} {
		bad := request
		bad.Losses = test.losses
		err := Tune(context.Background(), openBackend(t), config, randomDenoiser(t, config), bad, ignore)
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not say %s", err, want)
			}
		}
	}
}
