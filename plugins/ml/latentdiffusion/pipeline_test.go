package latentdiffusion

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/models/shallowtest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// The tiny model has the architecture of Stable Diffusion v1 and random weights;
// the numbers are those of diffusers 0.20.2.
const (
	tiny     = "../models/testdata/tiny-stable-diffusion"
	expected = tiny + "/expected/"
)

// shallow writes a model of the same parts, whose network is compiled sooner.
func shallow(t testing.TB) (directory string) {
	t.Helper()
	return shallowtest.Model(t, golden.Backend(t), tiny)
}

func read(t testing.TB, directory string) (*Model, *Pipeline) {
	t.Helper()
	m, err := Read(golden.Backend(t), directory)
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.NewPipeline(golden.Backend(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return m, d
}

func last(x safetensors.Tensor) Tensor { return Tensor(golden.ChannelsLast(x)) }

func expect(t *testing.T, what string, got Tensor, want safetensors.Tensor, tolerance float64) {
	t.Helper()
	worst := golden.Expect(t, what, golden.ChannelsFirst(safetensors.Tensor(got)), want, tolerance)
	t.Logf("%s: %.2g", what, worst)
}

// prompts are the conditions of prompts with these embeddings.
func prompts(context Tensor) conditioning.Of[Tensor] {
	return conditioning.Of[Tensor]{conditioning.Context: context}
}

// halves are the embeddings without and with the prompt.
func halves(file *safetensors.File) (without, with Tensor) {
	both := file.Tensors["prompt_embeds_uncond_cond"]
	dims, half := []int{1, both.Dims[1], both.Dims[2]}, len(both.Data)/2
	return Tensor{dims, both.Data[:half]}, Tensor{dims, both.Data[half:]}
}

// TestTextToImage follows a whole run with guidance: every step alone, all of
// them, and the picture.
func TestTextToImage(t *testing.T) {
	_, d := read(t, tiny)
	file := golden.Read(t, expected+"t2i_ddim.safetensors")
	without, with := halves(file)
	request := Request{Conditions: prompts(with), Negative: prompts(without), Guidance: 7.5, Solver: "ddim", Steps: 10}
	packed := request.pack()
	defer free(packed)
	for i, timestep := range []float64{901, 801, 701, 601, 501, 401, 301, 201, 101, 1} {
		latents := last(file.Tensors[fmt.Sprintf("latents.%d", i)])
		got, err := d.predict(latents, timestep, packed)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, fmt.Sprintf("guided output %d", i), Tensor{latents.Dims, got}, file.Tensors[fmt.Sprintf("guided_eps.%d", i)], 1e-4)
	}
	latents := last(file.Tensors["latents.0"])
	if err := d.Sample(context.Background(), latents, request); err != nil {
		t.Fatal(err)
	}
	expect(t, "latents", latents, file.Tensors["latents.10"], 3e-4)
	images, err := d.Decode(latents)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "image", images, file.Tensors["decoded"], 1e-4)
	picture, err := os.Open(expected + "t2i_ddim.png")
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	want, err := png.Decode(picture)
	if err != nil {
		t.Fatal(err)
	}
	bytes, other := Bytes(images.Data), 0
	for i, got := range bytes {
		pixel := i / 3
		r, g, b, _ := want.At(pixel%128, pixel/128).RGBA()
		difference := int(got) - int([]uint32{r, g, b}[i%3]>>8)
		if difference != 0 {
			other++
		}
		if difference < -1 || difference > 1 {
			t.Fatalf("byte %d of the picture is %d levels off", i, difference)
		}
	}
	t.Logf("%d of %d bytes are one level off", other, len(bytes))
}

// TestBatch draws two images without guidance, with the model's own solver, and
// each as when it is alone.
func TestBatch(t *testing.T) {
	_, d := read(t, shallow(t))
	file := golden.Read(t, expected+"t2i_ddim.safetensors")
	without, with := halves(file)
	draw := func(latents, embeddings Tensor) Tensor {
		latents.Data = slices.Clone(latents.Data)
		if err := d.Sample(context.Background(), latents, Request{Conditions: prompts(embeddings), Guidance: 1, Steps: 2}); err != nil {
			t.Fatal(err)
		}
		images, err := d.Decode(latents)
		if err != nil {
			t.Fatal(err)
		}
		return images
	}
	first, second := last(file.Tensors["latents.0"]), last(file.Tensors["latents.1"])
	both := draw(joined(first, second), joined(without, with))
	alone := joined(draw(first, without), draw(second, with))
	golden.Expect(t, "images", safetensors.Tensor(both), safetensors.Tensor(alone), 1e-4)
}

func TestRefuses(t *testing.T) {
	_, d := read(t, tiny)
	latents := Tensor{[]int{1, 8, 8, 4}, make([]float32, 256)}
	data := make([]float32, 64)
	two := prompts(Tensor{[]int{1, 2, 32}, data})
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if err := d.Sample(stopped, latents, Request{Conditions: two, Guidance: 1, Steps: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped run ends with %v", err)
	}
	for _, test := range []struct {
		latents Tensor
		request Request
		want    string
	}{
		{Tensor{[]int{1, 4, 8, 8}, latents.Data}, Request{Conditions: two, Guidance: 1, Steps: 1}, "latents are [1 4 8 8]"},
		{latents, Request{Conditions: prompts(Tensor{[]int{1, 4, 16}, data}), Guidance: 1, Steps: 1}, "conditions of prompts are context [4 16], want context [0 32]"},
		{latents, Request{Conditions: prompts(Tensor{[]int{2, 2, 32}, nil}), Guidance: 1, Steps: 1}, "context of prompts is [2 2 32] for a batch of 1"},
		{latents, Request{Conditions: conditioning.Of[Tensor]{conditioning.Context: two[conditioning.Context], "pooled": two[conditioning.Context]}, Guidance: 1, Steps: 1}, "pooled [2 32], want context"},
		{latents, Request{Conditions: two, Guidance: 2, Steps: 1}, "conditions of negative prompts are , want context"},
		{latents, Request{Conditions: two, Negative: prompts(Tensor{[]int{1, 1, 32}, nil}), Guidance: 2, Steps: 1}, "negative prompts are context [1 32], those of prompts context [2 32]"},
		{latents, Request{Conditions: two, Guidance: 1, Steps: 1, Solver: "unipc"}, `unknown solver "unipc"`},
		{latents, Request{Conditions: two, Guidance: 1, Steps: 0}, "at least one step"},
	} {
		if err := d.Sample(context.Background(), test.latents, test.request); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one that says %s", err, test.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	_, d := read(t, tiny)
	if _, err := d.Decode(Tensor{[]int{1, 4, 8, 8}, make([]float32, 256)}); err == nil || !strings.Contains(err.Error(), "[1 4 8 8]") {
		t.Errorf("error %v", err)
	}
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	directory := t.TempDir()
	expectError := func(wants ...string) {
		t.Helper()
		_, err := Read(golden.Backend(t), directory)
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not say %s", err, want)
			}
		}
	}
	expectError("model_index.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(directory+"/model_index.json", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"_class_name": "StableDiffusionXLPipeline", "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]}`)
	expectError(`"StableDiffusionXLPipeline"`, "another model")
	write(`{"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}`)
	expectError(`"vae" is missing`, `"scheduler" is missing`)
	write(`{"_class_name": "StableDiffusionPipeline", "unet": [], "vae": [], "scheduler": []}`)
	expectError("scheduler_config.json")
}

func TestBytes(t *testing.T) {
	got := Bytes([]float32{-3, -1, 0, 1, 5, -1 + 2*1.4/255, -1 + 2*1.6/255})
	for i, want := range []byte{0, 0, 128, 255, 255, 1, 2} { // 127.5 goes to the even number
		if got[i] != want {
			t.Errorf("pixel %d is %d, want %d", i, got[i], want)
		}
	}
}

// TestOnDevice: drawing without the host comes to the same latents, for every
// solver that needs no fresh noise, with guidance and without; and a second batch
// depends on nothing of the first.
func TestOnDevice(t *testing.T) {
	m, d := read(t, shallow(t))
	device, err := m.newOnDevice(golden.Backend(t))
	if err != nil {
		t.Fatal(err)
	}
	own := d.onDevice
	defer func() { d.onDevice = own; device.close() }()
	file := golden.Read(t, expected+"t2i_ddim.safetensors")
	without, with := halves(file)
	noise := last(file.Tensors["latents.0"])
	small := Tensor{[]int{1, 4, 4, 4}, noise.Data[:64]}
	poison := Tensor{small.Dims, slices.Repeat([]float32{float32(math.NaN())}, 64)}
	for _, r := range []Request{
		{Solver: "ddim", Guidance: 7.5, Steps: 3}, {Solver: "pndm", Guidance: 1, Steps: 4},
		{Solver: "dpmpp_2m", Guidance: 2, Steps: 3}, {Solver: "euler", Guidance: 1, Steps: 2}, {Solver: "heun", Guidance: 2, Steps: 2},
	} {
		r.Conditions, r.Negative = prompts(with), prompts(without)
		d.onDevice = nil
		want := Tensor{small.Dims, slices.Clone(small.Data)}
		if err := d.Sample(t.Context(), want, r); err != nil {
			t.Fatal(err)
		}
		d.onDevice = device
		if err := d.Sample(t.Context(), Tensor{small.Dims, slices.Clone(poison.Data)}, r); err == nil || !strings.Contains(err.Error(), "timestep") {
			t.Errorf("noise that is no number: %v", err)
		}
		got := Tensor{small.Dims, slices.Clone(small.Data)}
		if err := d.Sample(t.Context(), got, r); err != nil {
			t.Fatal(err)
		}
		golden.Expect(t, r.Solver, safetensors.Tensor(got), safetensors.Tensor(want), 1e-4)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	process, err := m.Scheduler.Process("ddim")
	if err != nil {
		t.Fatal(err)
	}
	u, err := process.Unroll(diffusion.Sampling{Solver: "ddim", Steps: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := device.sample(stopped, noise, u, Request{Conditions: prompts(with), Guidance: 1}.pack()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
