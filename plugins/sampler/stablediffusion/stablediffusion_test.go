package stablediffusion

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/models/shallowtest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// tiny has the architecture of Stable Diffusion v1 and random weights.
const tiny = "../../ml/models/testdata/tiny-stable-diffusion"

// small are settings that draw in no time, of a model that is compiled in no time
// (shallow) if weights does not name another.
var small = map[string]any{"guidance_scale": 7.5, "num_inference_steps": 2, "height": 32, "width": 24}

// shallow writes a model of tiny's parts, whose network is of fewer blocks.
func shallow(t *testing.T) (directory string) {
	t.Helper()
	backend, err := backends.Open(backends.Go) // the files are the same for all
	if err != nil {
		t.Fatal(err)
	}
	return shallowtest.Model(t, backend, tiny)
}

func configured(t *testing.T, change map[string]any) json.RawMessage {
	t.Helper()
	all := maps.Clone(small)
	maps.Copy(all, change)
	if _, ok := all["weights"]; !ok {
		all["weights"] = shallow(t)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func openWith(t *testing.T, change map[string]any) (*sampler, error) {
	t.Helper()
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: configured(t, change), Backend: backendstest.Name()})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := instance.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	})
	return instance.(*sampler), nil
}

func sample(t *testing.T, s *sampler, draws ...sdk.Draw) []sdk.Image {
	t.Helper()
	images := make([]sdk.Image, len(draws))
	if err := s.Sample(t.Context(), draws, func(position int, image sdk.Image) error {
		images[position] = image
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return images
}

// apart is the largest difference of two images, and how many bytes differ.
func apart(t *testing.T, a, b sdk.Image) (largest, count int) {
	t.Helper()
	if a.Width != b.Width || a.Height != b.Height || len(a.RGB) != len(b.RGB) {
		t.Fatalf("an image of %d x %d and one of %d x %d", a.Width, a.Height, b.Width, b.Height)
	}
	for i, v := range a.RGB {
		if d := int(v) - int(b.RGB[i]); d != 0 {
			largest, count = max(largest, d, -d), count+1
		}
	}
	return largest, count
}

// TestPicture: from a prompt and the noise that diffusers began with to the
// picture that it drew.
func TestPicture(t *testing.T) {
	s, err := openWith(t, map[string]any{"weights": tiny, "solver": "ddim", "num_inference_steps": 10, "height": nil, "width": nil})
	if err != nil {
		t.Fatal(err)
	}
	latents := golden.ChannelsLast(golden.Read(t, tiny+"/expected/t2i_ddim.safetensors").Tensors["latents.0"])
	images, err := s.draw(t.Context(), []string{"a photograph of an astronaut riding a horse"}, latentdiffusion.Tensor(latents), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(tiny + "/expected/t2i_ddim.png")
	if err != nil {
		t.Fatal(err)
	}
	want, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	largest, count := apart(t, images[0], want)
	t.Logf("%d of %d bytes differ, by at most %d levels", count, len(want.RGB), largest)
	if largest > 1 {
		t.Errorf("a byte is %d levels off", largest)
	}
}

func TestContract(t *testing.T) {
	job := lee(t, `{"micro_batch_size":1,"prompt_dropout":0.1,"min_snr_gamma":5,"precision":"float32","gradient_checkpointing":false,"lora":{"rank":2,"alpha":null,"targets":["to_q"]}}`)
	plugintest.Run(t, sdk.Plugin{Name: "test", Components: []sdk.Component{Component()}}, plugintest.Case{
		Kind: sdk.KindSampler, Component: "stable_diffusion", Config: configured(t, nil), Tune: &job, Backend: backendstest.Name(),
	})
}

// TestSolvers: each draws a picture of its own, the same in a batch that is
// filled up as alone.
func TestSolvers(t *testing.T) {
	first := sdk.Draw{Prompt: sdk.Prompt{Text: "a cat"}, Seed: 7}
	other := sdk.Draw{Prompt: sdk.Prompt{Text: "two dogs"}, Seed: 8}
	seen := map[string]string{}
	ways := map[string]map[string]any{"ddim with eta": {"solver": "ddim", "eta": 1}}
	for _, solver := range diffusion.SolverNames() {
		ways[solver] = map[string]any{"solver": solver}
	}
	for solver, settings := range ways {
		settings["num_inference_steps"] = 5
		s, err := openWith(t, settings)
		if err != nil {
			t.Fatal(err)
		}
		alone := sample(t, s, first)[0]
		if before, ok := seen[string(alone.RGB)]; ok {
			t.Errorf("%s draws what %s draws", solver, before)
		}
		seen[string(alone.RGB)] = solver
		s.batch = 3
		for i, image := range sample(t, s, other, first, other, other, first) {
			if i != 1 && i != 4 {
				continue
			}
			if largest, _ := apart(t, alone, image); largest > 1 {
				t.Errorf("%s: as draw %d of a batch the image is %d levels off", solver, i, largest)
			}
		}
	}
}

// TestSettings: what the block says counts, and what it does not say is the
// model's own.
func TestSettings(t *testing.T) {
	draw := sdk.Draw{Prompt: sdk.Prompt{Text: "a cat"}, Seed: 1}
	picture := func(change map[string]any) sdk.Image {
		t.Helper()
		s, err := openWith(t, change)
		if err != nil {
			t.Fatal(err)
		}
		return sample(t, s, draw)[0]
	}
	plain := picture(nil)
	if largest, _ := apart(t, plain, picture(map[string]any{"solver": "pndm", "negative_prompt": ""})); largest != 0 {
		t.Error("the model's own solver is not pndm")
	}
	for _, change := range []map[string]any{{"negative_prompt": "a dog"}, {"guidance_scale": 1}, {"guidance_scale": 3}, {"num_inference_steps": 3}} {
		if largest, _ := apart(t, plain, picture(change)); largest == 0 {
			t.Errorf("%v changes nothing", change)
		}
	}
	// Without guidance there is nothing to be led away from.
	if largest, _ := apart(t, picture(map[string]any{"guidance_scale": 1}), picture(map[string]any{"guidance_scale": 1, "negative_prompt": "a dog"})); largest != 0 {
		t.Error("without guidance the negative prompt counts")
	}
	if own := picture(map[string]any{"height": nil}); own.Height != 128 || own.Width != 24 {
		t.Errorf("an image of %d x %d", own.Width, own.Height)
	}
}

// TestTexts: a prompt is embedded once, as by openai/CLIP.
func TestTexts(t *testing.T) {
	s, err := openWith(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := golden.Read(t, tiny+"/expected/t2i_ddim.safetensors").Tensors["prompt_embeds_uncond_cond"]
	prompts := []string{"", "a photograph of an astronaut riding a horse"}
	for range 2 {
		got, err := s.texts.encode(t.Context(), prompts)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("embeddings differ by at most %.1e", golden.Expect(t, "embeddings", safetensors.Tensor(got[conditioning.Context]), want, 2e-5))
	}
	if len(s.texts.known) != 2 {
		t.Errorf("%d prompts are kept", len(s.texts.known))
	}
	for i := range remembered {
		s.texts.known[strings.Repeat("x", i+2)] = nil
	}
	if _, err := s.texts.encode(t.Context(), []string{"a cat"}); err != nil || len(s.texts.known) > remembered {
		t.Errorf("%d prompts are kept, %v", len(s.texts.known), err)
	}
}

var long = strings.Repeat("very ", 80) + "long"

// TestTooLong: prompts beyond the text encoder's window are cut as diffusers
// cuts them, and the call's warnings say which and where.
func TestTooLong(t *testing.T) {
	cut, err := openWith(t, map[string]any{"negative_prompt": "not " + long})
	if err != nil {
		t.Fatal(err)
	}
	var heard []string
	ctx := sdk.WithWarnings(t.Context(), func(text string) { heard = append(heard, text) })
	images := make([]sdk.Image, 2)
	draws := []sdk.Draw{{Prompt: sdk.Prompt{Text: long}, Seed: 1}, {Prompt: sdk.Prompt{Text: long + " and longer"}, Seed: 1}}
	err = cut.Sample(ctx, draws, func(position int, image sdk.Image) error {
		images[position] = image
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if largest, _ := apart(t, images[0], images[1]); largest > 0 && backendstest.Near() == 0 || largest > 1 {
		t.Error("what a long prompt ends with counts")
	}
	slices.Sort(heard)
	if len(heard) != 3 { // two prompts and the negative one
		t.Fatalf("%d warnings: %q", len(heard), heard)
	}
	for i, want := range []string{`"not very`, `"very very`, `and longer"`} {
		if !strings.Contains(heard[i], want) || !strings.Contains(heard[i], "reads 75") || !strings.Contains(heard[i], "truncated") {
			t.Errorf("warning %q does not say %q", heard[i], want)
		}
	}
}

// spoiled is a copy of the tiny model with one file changed, or removed.
func spoiled(t *testing.T, file string, change func(content string) string) string {
	t.Helper()
	directory := t.TempDir()
	for _, part := range []string{"scheduler", "text_encoder", "tokenizer", "unet", "vae"} {
		if err := os.CopyFS(filepath.Join(directory, part), os.DirFS(filepath.Join(tiny, part))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"model_index.json", file} {
		content, err := os.ReadFile(filepath.Join(tiny, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if name == file {
			if change == nil {
				if err := os.RemoveAll(filepath.Join(directory, filepath.Dir(file))); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if text = change(text); text == string(content) {
				t.Fatalf("nothing changed in %s", file)
			}
		}
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

func TestMistakes(t *testing.T) {
	replaced := func(old, new string) func(string) string {
		return func(content string) string { return strings.Replace(content, old, new, 1) }
	}
	for name, test := range map[string]struct {
		file    string
		change  func(string) string
		setting map[string]any
		want    []string
	}{
		"another family":     {"model_index.json", replaced("StableDiffusionPipeline", "StableDiffusionXLPipeline"), nil, []string{"another model", `"StableDiffusionXLPipeline"`, "supported: StableDiffusionPipeline"}},
		"missing part":       {"vae/config.json", nil, nil, []string{"There is no directory", "vae"}},
		"another unet":       {"unet/config.json", replaced("UNet2DConditionModel", "UNet3DConditionModel"), nil, []string{`"UNet3DConditionModel"`}},
		"another scheduler":  {"scheduler/scheduler_config.json", replaced("PNDMScheduler", "LCMScheduler"), nil, []string{`"LCMScheduler"`, "DDIMScheduler"}},
		"missing tensors":    {"unet/config.json", replaced(`"layers_per_block": 2`, `"layers_per_block": 3`), nil, []string{"unet that are missing: 244", "down_blocks.0.resnets.2.norm1.weight, F32, F16 or BF16 [16]"}},
		"mis-shaped tensors": {"text_encoder/config.json", replaced(`"intermediate_size": 128`, `"intermediate_size": 64`), nil, []string{"text_encoder that are of another shape", "fc1.weight is F32 [128 32], expected F32, F16 or BF16 [64 32]"}},
		"another encoder":    {"text_encoder/config.json", replaced(`"hidden_size": 32`, `"hidden_size": 64`), nil, []string{"different models", "hidden_size is 64", "context [77 64]", "context [0 32]"}},
		"truncated weights":  {"vae/diffusion_pytorch_model.safetensors", func(c string) string { return c[:len(c)-1] }, nil, []string{"vae", "truncated"}},
		"several":            {"tokenizer/vocab.json", nil, map[string]any{"height": 30, "width": 4, "solver": "unipc"}, []string{"height is 30", "24 or 32", "width is 4", "8 or 16", `unknown solver "unipc": one of [ddim dpmpp_2m euler`, "No tokenizer in"}},
		"clipped ddim":       {"scheduler/scheduler_config.json", replaced(`"clip_sample": false`, `"clip_sample": true`), map[string]any{"solver": "ddim"}, []string{`"clip_sample"`}},
		"eta of pndm":        {"tokenizer/vocab.json", nil, map[string]any{"eta": 0.5}, []string{"eta is for ddim alone", `"pndm"`}},
		"no size":            {"unet/config.json", replaced(`"sample_size": 16`, `"sample_size": null`), map[string]any{"height": nil}, []string{"does not say the height", "write height = 512"}},
	} {
		t.Run(name, func(t *testing.T) {
			directory := spoiled(t, test.file, test.change)
			change := maps.Clone(test.setting)
			if change == nil {
				change = map[string]any{}
			}
			change["weights"] = directory
			_, err := openWith(t, change)
			if err == nil {
				t.Fatal("it is opened")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	if _, err := openWith(t, map[string]any{"weights": nowhere}); err == nil || !strings.Contains(err.Error(), "There is no directory "+nowhere) {
		t.Errorf("missing directory: %v", err)
	}
	if _, err := openWith(t, map[string]any{"weights": ""}); err == nil || !strings.Contains(err.Error(), "needs weights") {
		t.Errorf("without weights: %v", err)
	}
}

// TestKey: the host puts the digest of the weights into the key because of this.
func TestKey(t *testing.T) {
	if weights := Component().Schema.Attributes[0]; weights.Name != "weights" || !weights.Path || !weights.Required {
		t.Errorf("attribute %+v", weights)
	}
}

// TestPrecision: in bfloat16 the sampler draws nearly the same picture, in half of
// the unet's memory, and a batch is as large as the block says.
func TestPrecision(t *testing.T) {
	draw := sdk.Draw{Prompt: sdk.Prompt{Text: "a cat"}, Seed: 1}
	settings := map[string]any{"guidance_scale": 1, "solver": "ddim"}
	whole, err := openWith(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	settings["precision"], settings["batch_size"] = "bfloat16", 2
	half, err := openWith(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	if whole.batch != batchFor(whole.backend) || half.batch != 2 {
		t.Errorf("batches of %d and %d images", whole.batch, half.batch)
	}
	a, b := sample(t, whole, draw)[0], sample(t, half, draw, draw, draw)
	var sum float64
	for i, v := range a.RGB {
		sum += math.Abs(float64(v) - float64(b[0].RGB[i]))
	}
	mean := sum / float64(len(a.RGB))
	t.Logf("bytes differ by %.2f levels on average", mean)
	if mean == 0 || mean > 0.2 { // the network changes little
		t.Errorf("bytes differ by %g levels on average", mean)
	}
	for i := range b {
		if largest, _ := apart(t, b[0], b[i]); largest > 1 {
			t.Errorf("place %d of a batch draws another picture, %d levels off", i, largest)
		}
	}
	for name, wrong := range map[string]any{"precision": "float16", "batch_size": -1} {
		if _, err := openWith(t, map[string]any{name: wrong}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s = %v: %v", name, wrong, err)
		}
	}
}
