package shapesworld

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestInputs: what a step learns from is what v-prediction needs.
func TestInputs(t *testing.T) {
	config := tinyDenoiser()
	e, err := newTuneExamples(config, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	var images [][]byte
	for i, scene := range scenes(3, Attributes{-1, -1, -1, 1}, FullVariety) {
		images = append(images, Render(scene))
		if number, err := e.put(images[i], Objects[i]); err != nil || number != i {
			t.Fatalf("image %d has the number %d, %v", i, number, err)
		}
	}
	var draws []objective.Draw
	for i := range 12 {
		draws = append(draws, objective.Draw{Image: i % 3, Random: rand.New(rand.NewPCG(7, uint64(i)))})
	}
	inputs, _, err := e.Inputs(draws)
	if err != nil {
		t.Fatal(err)
	}
	var flat [][]float32
	for _, input := range inputs {
		flat = append(flat, tensors.MustCopyFlatData[float32](input.(*tensors.Tensor)))
	}
	noisy, target, timesteps, text := flat[0], flat[1], flat[2], flat[3]
	width := config.TextWidth()
	for i, draw := range draws {
		at := e.process.Schedule.At(int(timesteps[i]))
		clean := make([]float32, imageValues)
		for j := range clean {
			x, v := float64(noisy[i*imageValues+j]), float64(target[i*imageValues+j])
			clean[j] = float32(at.Alpha*x - at.Sigma*v)
		}
		if !slices.Equal(FromPatches(clean), images[draw.Image]) {
			t.Errorf("example %d is another image", i)
		}
		want, empty := make([]float32, width), make([]float32, width)
		config.Text(Objects[draw.Image], want)
		config.Text("", empty)
		if got := text[i*width : (i+1)*width]; !slices.Equal(got, want) && !slices.Equal(got, empty) {
			t.Errorf("example %d has another image's prompt", i)
		}
	}
}

// TestTrainable: by the block's word, only the ways of the condition are tuned,
// and what they are called is what the network has.
func TestTrainable(t *testing.T) {
	config := tinyDenoiser()
	images, _ := scenesTable(t, 4)
	request := sdk.TuneRequest{
		Losses: []sdk.TuneLoss{{Name: "pretraining", Weight: 1, Sets: []sdk.TuneSet{{Images: images}}}},
		Steps:  2, BatchSize: 4, Optimizer: train.Optimizer{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8}.JSON(),
		Options: []byte(`{"trainable":"conditioning"}`),
	}
	store := randomDenoiser(t, config)
	before := train.Tensors(store)
	if err := Tune(context.Background(), openBackend(t), config, store, nil, request, ignore); err != nil {
		t.Fatal(err)
	}
	after := train.Tensors(store)
	var changed []string
	for name := range before {
		if !reflect.DeepEqual(before[name], after[name]) {
			name = name[strings.LastIndex(name[:strings.LastIndex(name, ".")], ".")+1:]
			changed = append(changed, name[:strings.LastIndex(name, ".")])
		}
	}
	slices.Sort(changed)
	if want := []string{"asked", "condition", "scale", "shift", "time"}; !slices.Equal(slices.Compact(changed), want) {
		t.Errorf("%v were tuned, want %v", slices.Compact(changed), want)
	}
	request.FromScratch = true
	if err := Tune(context.Background(), openBackend(t), config, model.NewStore(), nil, request, ignore); err == nil || !strings.Contains(err.Error(), "trainable") {
		t.Errorf("from scratch: error %v", err)
	}
}

// TestTune: a reward-weighted loss and a pre-training loss, from tables to
// weights, the same bits every time.
func TestTune(t *testing.T) {
	config := tinyDenoiser()
	images, rows := scenesTable(t, 8)
	var scores []table.Score
	for i, row := range rows {
		scores = append(scores, table.Score{ImageID: row.ID, Score: float64(i % 3)})
	}
	scored := filepath.Join(t.TempDir(), "scores.parquet")
	if err := table.WriteAll(scored, scores); err != nil {
		t.Fatal(err)
	}
	incomplete := filepath.Join(t.TempDir(), "incomplete.parquet")
	if err := table.WriteAll(incomplete, scores[:7]); err != nil {
		t.Fatal(err)
	}
	request := sdk.TuneRequest{
		Seed: 2,
		Losses: []sdk.TuneLoss{
			{Name: "reward_weighted", Weight: 1, Sets: []sdk.TuneSet{{Images: images, Scores: scored}}},
			{Name: "pretraining", Weight: 0.5, Sets: []sdk.TuneSet{{Images: images}}},
		},
		Steps: 3, BatchSize: 4, Optimizer: train.Optimizer{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, GradientClipNorm: 1}.JSON(),
	}
	weights := func() any {
		store := randomDenoiser(t, config)
		before := train.Tensors(store)
		steps := 0
		err := Tune(context.Background(), openBackend(t), config, store, nil, request, func(p sdk.Progress) error {
			steps++
			for _, name := range []string{"loss", "loss/" + "reward_weighted", "loss/" + "pretraining", "gradient_norm", "learning_rate"} {
				if v, ok := p.Values[name]; !ok || v <= 0 {
					t.Errorf("step %d: %s is %v", p.Step, name, v)
				}
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
		{[]sdk.TuneLoss{{Name: "pretraining"}}, []string{"pretraining", "no images"}},
		{[]sdk.TuneLoss{{Name: "reward_weighted", Sets: []sdk.TuneSet{{Images: images, Scores: incomplete}}}}, []string{"reward_weighted", `"scene-007"`, "no score"}},
		{[]sdk.TuneLoss{{Name: "pretraining", Sets: []sdk.TuneSet{{Images: images + ".missing"}}}}, []string{"pretraining", images + ".missing"}},
	} {
		bad := request
		bad.Losses = test.losses
		err := Tune(context.Background(), openBackend(t), config, randomDenoiser(t, config), nil, bad, ignore)
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not say %s", err, want)
			}
		}
	}
}
