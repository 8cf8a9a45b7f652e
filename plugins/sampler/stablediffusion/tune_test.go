package stablediffusion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"

	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// noise is a table of images of noise, with captions and scores.
func noise(t *testing.T, count int) (images, scores string) {
	t.Helper()
	var rows []table.Image
	var scored []table.Score
	random := rand.New(rand.NewPCG(1, 2))
	for i := range count {
		width, height := 32, 32
		if i == 1 { // one that has to be resized and cropped
			width, height = 50, 40
		}
		rgb := make([]byte, 3*width*height)
		for j := range rgb {
			rgb[j] = byte(random.Uint32())
		}
		png, err := imaging.EncodePNG(imaging.Image{Width: width, Height: height, RGB: rgb})
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("image-%d", i)
		rows = append(rows, table.Image{ID: id, Image: table.File{Bytes: png}, Prompt: []string{"a cat", "two dogs"}[i%2]})
		scored = append(scored, table.Score{ImageID: id, Score: float64(i % 3)})
	}
	directory := t.TempDir()
	images, scores = filepath.Join(directory, "images.parquet"), filepath.Join(directory, "scores.parquet")
	if err := errors.Join(table.WriteAll(images, rows), table.WriteAll(scores, scored)); err != nil {
		t.Fatal(err)
	}
	return images, scores
}

// tuned are settings that are tuned in no time.
var tuned = map[string]any{"height": 32, "width": 32, "solver": "ddim"}

// of are tuned of the model in a directory.
func of(directory string) map[string]any {
	settings := maps.Clone(tuned)
	settings["weights"] = directory
	return settings
}

func lee(t *testing.T, options string) sdk.TuneRequest {
	t.Helper()
	images, scores := noise(t, 5)
	return sdk.TuneRequest{
		Seed: 3, Output: t.TempDir(), Options: json.RawMessage(options),
		Losses: []sdk.TuneLoss{
			{Name: "reward_weighted", Weight: 1, Sets: []sdk.TuneSet{{Images: images, Scores: scores}}},
			{Name: "pretraining", Weight: 0.5, Sets: []sdk.TuneSet{{Images: images}}},
		},
		Steps: 2, BatchSize: 1, Optimizer: train.Optimizer{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, GradientClipNorm: 1, WeightDecay: 0.01}.JSON(),
	}
}

// with is the request's optimizer with a change.
func with(t *testing.T, request sdk.TuneRequest, change func(*train.Optimizer)) json.RawMessage {
	t.Helper()
	o, err := train.ReadOptimizer(request.Optimizer)
	if err != nil {
		t.Fatal(err)
	}
	change(&o)
	return o.JSON()
}

// openCheckpoint opens what was tuned of the model in a directory.
func openCheckpoint(t *testing.T, directory, checkpoint string) *sampler {
	t.Helper()
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: configured(t, of(directory)), Backend: backendstest.Name(), Checkpoint: checkpoint})
	if err != nil {
		t.Fatal(err)
	}
	s := instance.(*sampler)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// weightsIn are the tensors of a file, with the names that it gives them.
func weightsIn(t *testing.T, path ...string) map[string]safetensors.Tensor {
	t.Helper()
	file, err := safetensors.Read(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return file.Tensors
}

// changed are the names of tensors that differ.
func changed(a, b map[string]safetensors.Tensor) []string {
	var names []string
	for name := range a {
		if !reflect.DeepEqual(a[name], b[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// filesIn are the files below a directory.
func filesIn(t *testing.T, directory string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	if err := filepath.WalkDir(directory, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(directory, path)
		files[name], err = os.ReadFile(path)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

var cat = sdk.Draw{Prompt: sdk.Prompt{Text: "a cat"}, Seed: 7}

// TestTuneWhole: a whole model comes out, of which all but the weights of the
// unet is what it was; it draws other pictures, and goes on from there.
func TestTuneWhole(t *testing.T) {
	directory := shallow(t)
	s, err := openWith(t, of(directory))
	if err != nil {
		t.Fatal(err)
	}
	before := sample(t, s, cat)[0]
	request := lee(t, `{"micro_batch_size":1,"prompt_dropout":0.1}`)
	steps := 0
	if err := s.Tune(t.Context(), request, func(p sdk.Progress) error {
		steps++
		for _, name := range []string{"loss", "loss/" + "reward_weighted", "loss/" + "pretraining", "gradient_norm", "learning_rate"} {
			if _, ok := p.Values[name]; !ok {
				t.Errorf("step %d lacks %s", p.Step, name)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if steps != 2 {
		t.Errorf("%d steps", steps)
	}
	if largest, _ := apart(t, before, sample(t, s, cat)[0]); largest != 0 {
		t.Error("the instance that was tuned draws with other weights")
	}
	ours, theirs := filesIn(t, request.Output), filesIn(t, directory)
	unet := "unet/diffusion_pytorch_model.safetensors"
	for name, content := range theirs {
		if name != unet && !bytes.Equal(content, ours[name]) {
			t.Errorf("%s is not what it was", name)
		}
	}
	for name := range ours {
		if _, ok := theirs[name]; !ok {
			t.Errorf("there is %s, which the model has not", name)
		}
	}
	old, now := weightsIn(t, directory, unet), weightsIn(t, request.Output, unet)
	if !slices.Equal(slices.Sorted(maps.Keys(old)), slices.Sorted(maps.Keys(now))) {
		t.Error("the unet's weights have other names")
	}
	if got := len(changed(old, now)); got < len(old)*9/10 {
		t.Errorf("%d of %d weights changed", got, len(old))
	}
	again := openCheckpoint(t, directory, request.Output)
	after := sample(t, again, cat)[0]
	if largest, _ := apart(t, before, after); largest == 0 {
		t.Error("the checkpoint draws what the model drew")
	}
	// What is read and written again is the same, to the bit.
	copied := t.TempDir()
	store, err := again.model.Trainable(again.backend, request.Output, nil, settingsOf(t, `{}`), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.model.WriteTuned(again.backend, copied, request.Output, true, store, settingsOf(t, `{}`)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(filesIn(t, copied), ours) {
		t.Error("a checkpoint that is read and written again is another")
	}
	// Adapters of a checkpoint come with it, so that it may go.
	more := lee(t, `{"lora":{"rank":2,"alpha":null,"targets":["to_q"]}}`)
	more.Losses = more.Losses[1:]
	if err := again.Tune(t.Context(), more, ignore); err != nil {
		t.Fatal(err)
	}
	third := openCheckpoint(t, directory, more.Output)
	if !third.checkpoint || third.adapters == nil {
		t.Error("adapters of a checkpoint do not come with it")
	}
	if largest, _ := apart(t, after, sample(t, third, cat)[0]); largest == 0 {
		t.Error("its adapters change nothing")
	}
}

func ignore(sdk.Progress) error { return nil }

// TestResume: a job that was killed in the middle of the steps, and whose
// precomputed images were cut short, ends with the bytes of one that was left alone.
func TestResume(t *testing.T) {
	s, err := openWith(t, tuned)
	if err != nil {
		t.Fatal(err)
	}
	request := lee(t, `{"prompt_dropout":0.5,"lora":{"rank":2,"alpha":4,"targets":["to_v"]}}`)
	request.Optimizer = with(t, request, func(o *train.Optimizer) { o.EMADecay = 0.9 })
	if err := s.Tune(t.Context(), request, ignore); err != nil {
		t.Fatal(err)
	}
	want := filesIn(t, request.Output)
	request.Scratch = t.TempDir()
	// What it precomputed for itself is damaged, and made again.
	request.Output = t.TempDir()
	examples, err := s.examples(t.Context(), request, request.Scratch)
	if err != nil {
		t.Fatal(err)
	}
	if err := examples.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(request.Scratch, "precomputed-*", "latents-*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("latents are kept in %v, %v", kept, err)
	}
	content, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-5] ^= 1 // one number is another
	if err := os.WriteFile(kept[0], content, 0o644); err != nil {
		t.Fatal(err)
	}
	var said []string
	// Stopped after a step.
	ctx, cancel := context.WithCancel(sdk.WithRepairs(t.Context(), func(text string) { said = append(said, text) }))
	err = s.Tune(ctx, request, func(p sdk.Progress) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled job ends with %v", err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "damaged") {
		t.Errorf("it says %q", said)
	}
	request.Output = t.TempDir() // another one, as it is after a kill
	if err := s.Tune(t.Context(), request, ignore); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(filesIn(t, request.Output), want) {
		t.Error("a job that was stopped ends with other bytes")
	}
}

// TestTuneAdapters: adapters alone come out, with the names that diffusers
// loads; with them the sampler draws other pictures, and they are trained
// further or become part of the weights.
func TestTuneAdapters(t *testing.T) {
	directory := shallow(t)
	s, err := openWith(t, of(directory))
	if err != nil {
		t.Fatal(err)
	}
	request := lee(t, `{"prompt_dropout":0.1,"lora":{"rank":3,"alpha":6,"targets":["to_q","to_k","to_v","to_out.0","conv1"]}}`)
	if err := s.Tune(t.Context(), request, ignore); err != nil {
		t.Fatal(err)
	}
	files := filesIn(t, request.Output)
	if len(files) != 1 {
		t.Errorf("files %v", slices.Sorted(maps.Keys(files)))
	}
	adapters := weightsIn(t, request.Output, "pytorch_lora_weights.safetensors")
	for name, dims := range map[string][]int{
		"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight": {3, 16},
		"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_B.weight": {16, 3},
		"unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0.lora_A.weight": {3, 16},
		"unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight":     {3, 32},
		"unet.up_blocks.0.resnets.0.conv1.lora_A.weight":                                {3, 32, 3, 3},
		"unet.up_blocks.0.resnets.0.conv1.lora_B.weight":                                {16, 3, 1, 1},
	} {
		if got := adapters[name].Dims; !slices.Equal(got, dims) {
			t.Errorf("%s is %v, want %v", name, got, dims)
		}
	}
	for name, tensor := range adapters {
		if strings.Contains(name, "lora_B") && !slices.ContainsFunc(tensor.Data, func(v float32) bool { return v != 0 }) {
			t.Errorf("%s is not trained", name)
		}
	}
	before := sample(t, s, cat)[0]
	again := openCheckpoint(t, directory, request.Output)
	after := sample(t, again, cat)[0]
	if largest, _ := apart(t, before, after); largest == 0 {
		t.Error("the adapters change nothing")
	}
	if again.adapters.Rank != 3 || *again.adapters.Alpha != 6 || len(again.adapters.Targets) != 5 {
		t.Errorf("adapters are read as %+v", again.adapters.Config)
	}
	copied := t.TempDir()
	if err := again.adapters.Write(copied, "unet"); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(filesIn(t, copied), files) {
		t.Error("adapters that are read and written again are others")
	}
	// Further, without a step of any size: the same adapters.
	same := lee(t, string(request.Options))
	same.Losses, same.Steps = same.Losses[1:], 1
	same.Optimizer = with(t, same, func(o *train.Optimizer) { o.LearningRate = 0 })
	if err := again.Tune(t.Context(), same, ignore); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(filesIn(t, same.Output), files) {
		t.Error("adapters that are trained further do not begin as they were")
	}
	// All weights, with the adapters in them: the same pictures.
	whole := lee(t, `{}`)
	whole.Losses, whole.Steps = whole.Losses[1:], 1
	whole.Optimizer = with(t, whole, func(o *train.Optimizer) { o.LearningRate = 0 })
	if err := again.Tune(t.Context(), whole, ignore); err != nil {
		t.Fatal(err)
	}
	if largest, _ := apart(t, after, sample(t, openCheckpoint(t, directory, whole.Output), cat)[0]); largest != 0 {
		t.Error("adapters that became part of the weights draw something else")
	}
	other := lee(t, `{"lora":{"rank":4,"alpha":null,"targets":["to_q"]}}`)
	if err := again.Tune(t.Context(), other, ignore); err == nil || !strings.Contains(err.Error(), "rank = 3, alpha = 6") {
		t.Errorf("other adapters on top: error %v", err)
	}
}

func settingsOf(t *testing.T, options string) latentdiffusion.Settings {
	t.Helper()
	settings, err := latentdiffusion.ReadSettings(json.RawMessage(options))
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// TestTuneMistakes: each is said before any training, with what and where.
func TestTuneMistakes(t *testing.T) {
	s, err := openWith(t, tuned)
	if err != nil {
		t.Fatal(err)
	}
	good := lee(t, `{}`)
	broken := filepath.Join(t.TempDir(), "broken.parquet")
	if err := table.WriteAll(broken, []table.Image{{ID: "image-x", Image: table.File{Bytes: []byte("no picture")}, Prompt: "a cat"}}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(r *sdk.TuneRequest)
		want   []string
	}{
		"from scratch": {func(r *sdk.TuneRequest) { r.FromScratch = true }, []string{"not trained from scratch", "from_scratch"}},
		"no loss":      {func(r *sdk.TuneRequest) { r.Losses = nil }, []string{"no loss"}},
		"half a pair": {func(r *sdk.TuneRequest) { // said before its table is missed
			r.Losses[1] = sdk.TuneLoss{Name: "diffusion_dpo", Sets: []sdk.TuneSet{{Images: broken + ".gone"}}}
			r.BatchSize, r.Options = 4, []byte(`{"micro_batch_size":3}`)
		}, []string{"half a pair", "micro_batch_size is 3"}},
		"broken image":  {func(r *sdk.TuneRequest) { r.Losses[1].Sets = []sdk.TuneSet{{Images: broken}} }, []string{`"image-x"`, "PNG", broken}},
		"no layer":      {func(r *sdk.TuneRequest) { r.Options = []byte(`{"lora":{"rank":2,"targets":["to_query"]}}`) }, []string{`"to_query"`, "to_q", "to_out.0", "conv1"}},
		"no target":     {func(r *sdk.TuneRequest) { r.Options = []byte(`{"lora":{"rank":2,"targets":[]}}`) }, []string{"targets is empty"}},
		"no effect":     {func(r *sdk.TuneRequest) { r.Options = []byte(`{"lora":{"rank":2,"alpha":0,"targets":["to_q"]}}`) }, []string{"alpha is 0"}},
		"missing table": {func(r *sdk.TuneRequest) { r.Losses[1].Sets = []sdk.TuneSet{{Images: broken + ".gone"}} }, []string{broken + ".gone"}},
	} {
		request := good
		request.Losses = slices.Clone(good.Losses)
		test.change(&request)
		err := s.Tune(t.Context(), request, ignore)
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v does not say %s", name, err, want)
			}
		}
	}
	open := func(checkpoint string) error {
		instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: configured(t, tuned), Backend: backendstest.Name(), Checkpoint: checkpoint})
		if err == nil {
			t.Errorf("%s is opened", checkpoint)
			instance.(*sampler).Close()
		}
		return err
	}
	if err := open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "neither a whole model") {
		t.Errorf("an empty checkpoint: %v", err)
	}
	adapters := &safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for content, want := range map[string]string{
		"x":                          "Tensors that are no adapters",
		"unet.nowhere.lora_A.weight": "Adapters of layers that the unet does not have",
		"unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight": "Half an adapter",
	} {
		directory := t.TempDir()
		adapters.Tensors = map[string]safetensors.Tensor{content: {Dims: []int{2, 48}, Data: make([]float32, 96)}}
		if err := adapters.Write(filepath.Join(directory, "pytorch_lora_weights.safetensors")); err != nil {
			t.Fatal(err)
		}
		if err := open(directory); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %s", content, err, want)
		}
	}
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "pytorch_lora_weights.safetensors"), []byte("truncated"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := open(directory); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a damaged file: %v", err)
	}
}
