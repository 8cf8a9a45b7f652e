package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/plugins/encoder/clip"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/lora"
	"github.com/plumb-ml/plumb/plugins/ml/models/clipmodel"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/tokenizer"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// theirs is what write.py wrote; "": it was not run.
var theirs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv("PLUMB_PEERS") != "" {
		directory, err := os.MkdirTemp("", "plumb-peers-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(directory)
		for _, script := range []string{"write.py", "read.py"} { // the cache of test results sees what a test reads
			if _, err := os.ReadFile(script); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		if err := python("write.py", "../models/testdata/tiny-clip", directory); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		theirs = directory
	}
	return m.Run()
}

// python runs a script with the libraries.
func python(arguments ...string) error {
	command := exec.Command(os.Getenv("PLUMB_PEERS"), arguments...)
	// One thread: the models are tiny. Nothing is fetched.
	command.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "HF_HUB_OFFLINE=1", "HF_HUB_DISABLE_PROGRESS_BARS=1", "HF_HOME="+filepath.Join(os.TempDir(), "plumb-peers-home"))
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(arguments, " "), err, said[max(0, len(said)-4000):])
	}
	return nil
}

// written is a path of what they wrote. Without it the test is skipped.
func written(t *testing.T, path ...string) string {
	t.Helper()
	if theirs == "" {
		t.Skip("PLUMB_PEERS names no Python with diffusers, transformers, peft and datasets (.ci/run makes one)")
	}
	return filepath.Join(append([]string{theirs}, path...)...)
}

// ask runs read.py.
func ask(t *testing.T, arguments ...string) {
	t.Helper()
	if err := python(append([]string{"read.py"}, arguments...)...); err != nil {
		t.Fatal(err)
	}
}

func readModel(t *testing.T, directory string) *latentdiffusion.Model {
	t.Helper()
	m, err := latentdiffusion.Read(golden.Backend(t), directory)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// unetOf is one call of the denoising network, channels first.
func unetOf(t *testing.T, m *latentdiffusion.Model, noise, timesteps, context safetensors.Tensor) safetensors.Tensor {
	t.Helper()
	out := golden.Run(t, m.DenoiserStore, func(in []*graph.Node) []*graph.Node {
		return []*graph.Node{m.Denoiser.Build(nn.LoadedParams(m.DenoiserStore), in[0], in[1], conditioning.Of[*graph.Node]{conditioning.Context: in[2]})}
	}, golden.ChannelsLast(noise), timesteps, context)
	return golden.ChannelsFirst(out[0])
}

// TestModelsOfDiffusers: pipelines that diffusers and transformers saved give the
// same embeddings, network outputs, latents of every solver, and pictures.
func TestModelsOfDiffusers(t *testing.T) {
	for _, name := range []string{"plain", "sharded", "fp16", "bf16", "linear"} {
		t.Run(name, func(t *testing.T) {
			directory := written(t, "models", name)
			want := golden.Read(t, filepath.Join(directory, "expected.safetensors")).Tensors
			var said struct {
				Prompts    []string
				Schedulers map[string]string
			}
			text, err := os.ReadFile(filepath.Join(directory, "expected.json"))
			if err == nil {
				err = json.Unmarshal(text, &said)
			}
			if err != nil {
				t.Fatal(err)
			}
			backend := golden.Backend(t)
			sizes, err := clipmodel.ReadConfig(filepath.Join(directory, "text_encoder"))
			if err != nil {
				t.Fatal(err)
			}
			tokens, err := tokenizer.Load(filepath.Join(directory, "tokenizer"))
			if err != nil {
				t.Fatal(err)
			}
			store, err := sizes.Text.Weights(backend).Read(filepath.Join(directory, "text_encoder"))
			if err != nil {
				t.Fatal(err)
			}
			defer store.Finalize()
			encoder, err := clipmodel.NewTextEncoder(backend, sizes.Text, store)
			if err != nil {
				t.Fatal(err)
			}
			defer encoder.Close()
			encode := func(prompts []string) safetensors.Tensor {
				var ids [][]int32
				for _, prompt := range prompts {
					one, _ := tokens.Sequence(prompt, 77)
					ids = append(ids, one)
				}
				rows, err := encoder.LastHiddenStates(t.Context(), ids)
				if err != nil {
					t.Fatal(err)
				}
				return safetensors.Tensor{Dims: []int{len(prompts), 77, 32}, Data: append(rows[0], rows[1]...)}
			}
			embeds, none := encode(said.Prompts), encode([]string{"", ""})
			golden.Expect(t, "embeddings", embeds, want["embeds"], 5e-6)
			golden.Expect(t, "embeddings of nothing", none, want["none"], 5e-6)

			m := readModel(t, directory)
			defer m.Finalize()
			golden.Expect(t, "unet", unetOf(t, m, want["noise"], want["timestep"], want["embeds"]), want["unet"], 5e-6)
			pipeline, err := m.NewPipeline(backend)
			if err != nil {
				t.Fatal(err)
			}
			defer pipeline.Close()
			noise := golden.ChannelsLast(want["noise"])
			unscaled := latentdiffusion.Tensor{Dims: noise.Dims, Data: make([]float32, len(noise.Data))}
			for i, v := range noise.Data {
				unscaled.Data[i] = v * float32(m.VAE.ScalingFactor)
			}
			picture, err := pipeline.Decode(unscaled)
			if err != nil {
				t.Fatal(err)
			}
			golden.Expect(t, "decoded", golden.ChannelsFirst(safetensors.Tensor(picture)), want["decoded"], 2e-5)
			for solver, scheduler := range said.Schedulers {
				path := filepath.Join(t.TempDir(), "scheduler_config.json")
				if err := os.WriteFile(path, []byte(scheduler), 0o644); err != nil {
					t.Fatal(err)
				}
				if m.Scheduler, err = diffusion.ReadSchedulerConfig(path); err != nil {
					t.Fatal(err)
				}
				for _, scale := range []float64{1, 4} {
					latents := latentdiffusion.Tensor{Dims: noise.Dims, Data: bytesOf(noise.Data)}
					err := pipeline.Sample(t.Context(), latents, latentdiffusion.Request{
						Conditions: conditioning.Of[latentdiffusion.Tensor]{conditioning.Context: latentdiffusion.Tensor(want["embeds"])},
						Negative:   conditioning.Of[latentdiffusion.Tensor]{conditioning.Context: latentdiffusion.Tensor(want["none"])},
						Guidance:   scale, Steps: 5,
					})
					if err != nil {
						t.Fatalf("%s: %v", solver, err)
					}
					expected := want[fmt.Sprintf("%s/%.0f", solver, scale)]
					golden.Expect(t, fmt.Sprintf("%s, guidance %v", solver, scale), golden.ChannelsFirst(safetensors.Tensor(latents)), expected, 8e-5*max(1, largest(expected.Data)/15))
				}
			}
		})
	}
}

func bytesOf(x []float32) []float32 { return append([]float32(nil), x...) }

func largest(x []float32) (most float64) {
	for _, v := range x {
		most = max(most, math.Abs(float64(v)))
	}
	return most
}

// TestDiffusersOpensOurModels: what tuning writes opens without a key missing or left
// over, gives the same numbers, and draws, whatever type the base is of.
func TestDiffusersOpensOurModels(t *testing.T) {
	for _, name := range []string{"plain", "fp16", "bf16"} {
		base := written(t, "models", name)
		m := readModel(t, base)
		defer m.Finalize()
		output := t.TempDir()
		if err := m.WriteTuned(golden.Backend(t), output, base, false, m.DenoiserStore, latentdiffusion.Settings{}); err != nil {
			t.Fatal(err)
		}
		want := golden.Read(t, filepath.Join(base, "expected.safetensors")).Tensors
		result := filepath.Join(t.TempDir(), "result.safetensors")
		ask(t, "model", output, filepath.Join(base, "expected.safetensors"), result)
		got := golden.Read(t, result).Tensors
		golden.Expect(t, name+": unet", got["unet"], want["unet"], 5e-6)
	}
}

// TestAdapters: LoRA of PEFT and diffusers is merged into the same network, and
// refused where it is of another kind; ours has the same effect in diffusers.
func TestAdapters(t *testing.T) {
	base := written(t, "models", "plain")
	for _, name := range []string{"plain", "alpha", "rslora", "patterns", "convolutions", "dora"} {
		directory := written(t, "lora", name)
		m := readModel(t, base)
		defer m.Finalize()
		adapters, err := m.ReadAdapters(golden.Backend(t), directory)
		if name == "dora" {
			if err == nil || !strings.Contains(err.Error(), "DoRA") && !strings.Contains(err.Error(), "use_dora") {
				t.Errorf("DoRA: %v", err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := adapters.Merge(m.DenoiserStore); err != nil {
			t.Fatal(err)
		}
		inputs := filepath.Join(directory, "expected.safetensors")
		want := golden.Read(t, inputs).Tensors
		golden.Expect(t, name, unetOf(t, m, want["noise"], want["timestep"], want["context"]), want["unet"], 1e-5)

		ours, result := t.TempDir(), filepath.Join(t.TempDir(), "result.safetensors")
		if name == "plain" || name == "convolutions" {
			alpha := 4 * float64(adapters.Rank)
			again := lora.New(lora.Config{Rank: adapters.Rank, Alpha: &alpha, Targets: adapters.Targets}, quartered(adapters.Tensors))
			if err := again.Write(ours, "unet"); err != nil {
				t.Fatal(err)
			}
			ask(t, "lora", base, ours, inputs, result)
			golden.Expect(t, name+", ours", golden.Read(t, result).Tensors["unet"], want["unet"], 1e-5)
		}
	}
}

// quartered has every up a quarter as large, which an alpha of four times the rank
// makes up for.
func quartered(adapters map[string]safetensors.Tensor) map[string]safetensors.Tensor {
	out := map[string]safetensors.Tensor{}
	for name, tensor := range adapters {
		data := bytesOf(tensor.Data)
		if strings.HasSuffix(name, ".lora_B.weight") {
			for i := range data {
				data[i] /= 4
			}
		}
		out[name] = safetensors.Tensor{Dims: tensor.Dims, Data: data}
	}
	return out
}

// TestCLIPOfTransformers: a CLIPModel and its processor, as transformers 5 saves them.
func TestCLIPOfTransformers(t *testing.T) {
	directory := written(t, "clip")
	settings, err := json.Marshal(map[string]string{"weights": directory})
	if err != nil {
		t.Fatal(err)
	}
	instance, err := clip.Component().Open(t.Context(), sdk.OpenRequest{Config: settings, Backend: backends.Go})
	if err != nil {
		t.Fatal(err)
	}
	defer instance.(io.Closer).Close()
	content, err := os.ReadFile(filepath.Join(directory, "picture.png"))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	want := golden.Read(t, filepath.Join(directory, "expected.safetensors")).Tensors
	encoder := instance.(sdk.TextEncoder)
	images, err := encoder.EncodeImages(t.Context(), []sdk.Image{picture})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := encoder.EncodeTexts(t.Context(), []string{"a red ring", "two blue moons on grass"})
	if err != nil {
		t.Fatal(err)
	}
	golden.Expect(t, "image", safetensors.Tensor{Dims: []int{1, 16}, Data: images[0]}, want["image"], 5e-6)
	golden.Expect(t, "texts", safetensors.Tensor{Dims: []int{2, 16}, Data: append(texts[0], texts[1]...)}, want["text"], 5e-6)
}

// TestTables: images of datasets, pandas, polars and DuckDB in every codec that they
// write are read with the same pixels; and ours open there.
func TestTables(t *testing.T) {
	var want struct {
		Texts  []string
		Pixels [][]int
	}
	text, err := os.ReadFile(written(t, "tables", "expected.json"))
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(written(t, "tables", "*.parquet"))
	if len(files) != 20 {
		t.Errorf("%d tables", len(files))
	}
	var all []table.Image
	for _, file := range files {
		folder := imagefolder.Folder{Path: file}
		if _, err := folder.Scan(t.Context(), nil); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
		all = nil
		_, err := folder.Read(t.Context(), func(image table.Image) error {
			all = append(all, image)
			return nil
		})
		if err != nil || len(all) != len(want.Texts) {
			t.Errorf("%s: %d images, %v", filepath.Base(file), len(all), err)
			continue
		}
		for i, image := range all {
			pixels, err := imaging.Decode(image.Image.Bytes, imaging.Exchanged)
			if err != nil || image.Prompt != want.Texts[i] || !bytes.Equal(pixels.RGB, narrow(want.Pixels[i])) {
				t.Errorf("%s: image %d is another: %q, %v", filepath.Base(file), i, image.Prompt, err)
			}
		}
	}
	ours, result := filepath.Join(t.TempDir(), "images.parquet"), filepath.Join(t.TempDir(), "result.json")
	if err := table.WriteAll(ours, all); err != nil {
		t.Fatal(err)
	}
	ask(t, "table", ours, result)
	var got struct {
		Image                  string
		Prompts                []string
		Pixels                 [][]int
		Pandas, Polars, DuckDB int
	}
	if text, err = os.ReadFile(result); err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil || got.Image != "Image" || got.Pandas != 5 || got.Polars != 5 || got.DuckDB != 5 || strings.Join(got.Prompts, "|") != strings.Join(want.Texts, "|") {
		t.Errorf("our table is %+v, %v", got, err)
	}
	for i := range got.Pixels {
		if !bytes.Equal(narrow(got.Pixels[i]), narrow(want.Pixels[i])) {
			t.Errorf("our image %d is another there", i)
		}
	}
}

func narrow(values []int) []byte {
	out := make([]byte, len(values))
	for i, v := range values {
		out[i] = byte(v)
	}
	return out
}
