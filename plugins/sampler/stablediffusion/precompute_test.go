package stablediffusion

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/latentcache"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// captioned is an image of a table to be.
type captioned struct {
	image   sdk.Image
	caption string
}

func tableOf(t *testing.T, rows ...captioned) string {
	t.Helper()
	var images []table.Image
	for i, r := range rows {
		png, err := imaging.EncodePNG(imaging.Image{Width: r.image.Width, Height: r.image.Height, RGB: r.image.RGB})
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, table.Image{ID: fmt.Sprintf("image/%04d", i), Image: table.File{Bytes: png}, Prompt: r.caption})
	}
	path := filepath.Join(t.TempDir(), "images.parquet")
	if err := table.WriteAll(path, images); err != nil {
		t.Fatal(err)
	}
	return path
}

// grain is an image of random pixels.
func grain(seed uint64, width, height int) sdk.Image {
	random := rand.New(rand.NewPCG(seed, 0))
	image := sdk.Image{Width: width, Height: height, RGB: make([]byte, 3*width*height)}
	for i := range image.RGB {
		image.RGB[i] = byte(random.IntN(256))
	}
	return image
}

func precompute(t *testing.T, s *sampler, images string) (directory string, warnings []string) {
	t.Helper()
	r := sdk.PrecomputeRequest{Images: images, Output: t.TempDir(), Scratch: t.TempDir()}
	last := sdk.Progress{}
	ctx := sdk.WithWarnings(t.Context(), func(text string) { warnings = append(warnings, text) })
	if err := s.Precompute(ctx, r, func(p sdk.Progress) error {
		last = p
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if rows, err := table.Rows(images); err != nil || last.Step != rows || last.Steps != rows {
		t.Errorf("the last report is %+v, there are %d images, %v", last, rows, err)
	}
	return r.Output, warnings
}

func openPrecomputed(t *testing.T, directories ...string) *latentcache.Cache {
	t.Helper()
	p, err := latentcache.Open(directories...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// example is all that is precomputed of an image.
type example struct{ mean, deviation, text []float32 }

func readExample(t *testing.T, p *latentcache.Cache, number int) example {
	t.Helper()
	l, conditions := p.Size()
	text := conditions[conditioning.Context]
	e := example{make([]float32, l[0]*l[1]*l[2]), make([]float32, l[0]*l[1]*l[2]), make([]float32, text[0]*text[1])}
	if err := errors.Join(p.Latents(number, e.mean, e.deviation), p.Conditions(number, conditioning.Of[[]float32]{conditioning.Context: e.text})); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPrecomputeAgainstTheReferences: latents as diffusers encodes the same
// pictures, and embeddings as openai/CLIP's of the same texts.
func TestPrecomputeAgainstTheReferences(t *testing.T) {
	s, err := openWith(t, map[string]any{"height": 48, "width": 64})
	if err != nil {
		t.Fatal(err)
	}
	file := golden.Read(t, tiny+"/expected/vae.safetensors")
	pixels := golden.ChannelsLast(file.Tensors["pixel_values"]) // two images
	mean, logVariance := golden.ChannelsLast(file.Tensors["mean"]), golden.ChannelsLast(file.Tensors["logvar"])
	texts := golden.Read(t, tiny+"/expected/text_encoder.safetensors").Tensors["last_hidden_state"]
	captions := []string{ // those of the file
		"", "a photograph of an astronaut riding a horse", "Two CATS & 3 dogs, don't run!  “naïve” café — 東京 🐱",
		strings.Repeat("a very long prompt that does not fit into the seventy seven positions of the text encoder, ", 3),
	}
	var pictures [2]sdk.Image
	half := len(pixels.Data) / 2
	for i := range pictures {
		pictures[i] = sdk.Image{Width: 64, Height: 48, RGB: latentdiffusion.Bytes(pixels.Data[i*half : (i+1)*half])}
	}
	var rows []captioned
	order := []int{1, 3, 0, 2, 1}
	for i, caption := range order {
		rows = append(rows, captioned{pictures[i%2], captions[caption]})
	}
	directory, warnings := precompute(t, s, tableOf(t, rows...))
	if len(warnings) != 1 || !strings.Contains(warnings[0], "more than 75 tokens") || !strings.Contains(warnings[0], "1 of them") || !strings.Contains(warnings[0], captions[3]) {
		t.Errorf("warnings %q", warnings)
	}
	p := openPrecomputed(t, directory)
	if err := p.Check(5, ""); err == nil || !strings.Contains(err.Error(), "example 5 of 5") {
		t.Errorf("a sixth example: %v", err)
	}
	if latents, conditions := p.Size(); latents != [3]int{6, 8, 4} || !conditioning.Equal(conditions, conditioning.Shapes{conditioning.Context: {77, 32}}) {
		t.Errorf("latents are %v, conditions %v", latents, conditions)
	}
	one, worst := len(mean.Data)/2, 0.0
	flat := func(values []float32) safetensors.Tensor {
		return safetensors.Tensor{Dims: []int{len(values)}, Data: values}
	}
	expect := func(what string, got, want []float32) {
		t.Helper()
		worst = max(worst, golden.Expect(t, what, flat(got), flat(want), 2e-5))
	}
	for i, caption := range order {
		got, at := readExample(t, p, i), i%2*one
		expect(fmt.Sprintf("mean of %d", i), got.mean, mean.Data[at:at+one])
		var deviation []float32
		for _, v := range logVariance.Data[at : at+one] {
			deviation = append(deviation, float32(math.Exp(0.5*math.Max(-30, math.Min(20, float64(v))))))
		}
		expect(fmt.Sprintf("deviation of %d", i), got.deviation, deviation)
		expect(fmt.Sprintf("text of %d", i), got.text, texts.Data[caption*77*32:(caption+1)*77*32])
	}
	empty := make([]float32, 77*32)
	if err := p.Empty(conditioning.Of[[]float32]{conditioning.Context: empty}); err != nil {
		t.Fatal(err)
	}
	expect("empty caption", empty, texts.Data[:77*32])
	t.Logf("the largest difference is %.1e", worst)
}

// TestPrecomputeAlone: what becomes of an image depends on it alone, in whatever
// place and company it is.
func TestPrecomputeAlone(t *testing.T) {
	s, err := openWith(t, map[string]any{"height": 16, "width": 16})
	if err != nil {
		t.Fatal(err)
	}
	first, second, third := captioned{grain(1, 40, 23), "a cat"}, captioned{grain(2, 16, 16), ""}, captioned{grain(3, 9, 11), "two dogs"}
	alone, _ := precompute(t, s, tableOf(t, second))
	want := readExample(t, openPrecomputed(t, alone), 0)
	among, _ := precompute(t, s, tableOf(t, first, third, second, first))
	got := readExample(t, openPrecomputed(t, among), 2)
	for name, pair := range map[string][2][]float32{"mean": {got.mean, want.mean}, "deviation": {got.deviation, want.deviation}, "text": {got.text, want.text}} {
		for i, v := range pair[0] {
			if !(math.Abs(float64(v)-float64(pair[1][i])) <= backendstest.Near()) {
				t.Fatalf("%s: number %d is %v, alone %v", name, i, v, pair[1][i])
			}
		}
	}
	// In larger batches the sums of a matrix product are others in the last bits.
	s.batch = 4
	batched, _ := precompute(t, s, tableOf(t, first, third, second, first, second))
	for _, place := range []int{2, 4} {
		got := readExample(t, openPrecomputed(t, batched), place)
		flat := func(values []float32) safetensors.Tensor {
			return safetensors.Tensor{Dims: []int{len(values)}, Data: values}
		}
		golden.Expect(t, "mean", flat(got.mean), flat(want.mean), 1e-5)
		golden.Expect(t, "deviation", flat(got.deviation), flat(want.deviation), 1e-5)
	}
}

// TestPrecomputeGoesOn: a job that ends in the middle finds what it finished, and
// comes to the same bytes.
func TestPrecomputeGoesOn(t *testing.T) {
	s, err := openWith(t, map[string]any{"height": 8, "width": 8})
	if err != nil {
		t.Fatal(err)
	}
	var rows []captioned
	for i := range 100 { // more than two files of latents, and two of captions
		rows = append(rows, captioned{grain(uint64(i), 8, 8), fmt.Sprint("caption ", i*2/3)})
	}
	images := tableOf(t, rows...)
	whole, _ := precompute(t, s, images)
	request := sdk.PrecomputeRequest{Images: images, Output: t.TempDir(), Scratch: t.TempDir()}
	ctx, cancel := context.WithCancel(t.Context())
	err = s.Precompute(ctx, request, func(p sdk.Progress) error {
		if p.Step >= 96 { // where batches of an accelerator end, too
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	kept := map[string]os.FileInfo{}
	for _, name := range []string{"latents-00000.safetensors", "captions-00000.safetensors"} {
		at, err := sealed.Find(filepath.Join(request.Scratch, name))
		if err != nil {
			t.Fatal(err)
		}
		if kept[name], err = os.Stat(at); err != nil {
			t.Fatal(err)
		}
	}
	// A file that a crash of the machine cut off is not taken for whole, nor one with
	// other numbers in it.
	if err := os.WriteFile(filepath.Join(request.Scratch, "latents-00001.safetensors"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	at, err := sealed.Find(filepath.Join(request.Scratch, "captions-00000.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(at, content, 0o644); err != nil {
		t.Fatal(err)
	}
	delete(kept, "captions-00000.safetensors")
	request.Output = t.TempDir()
	var said []string
	telling := sdk.WithRepairs(t.Context(), func(text string) { said = append(said, text) })
	if err := s.Precompute(telling, request, func(sdk.Progress) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "captions-00000.safetensors") {
		t.Errorf("it says %q", said)
	}
	for name, before := range kept {
		if after, err := os.Stat(filepath.Join(request.Output, name)); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s was made again, %v", name, err)
		}
	}
	files, err := os.ReadDir(whole)
	if err != nil || len(files) != 2+2+1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		a, errA := os.ReadFile(filepath.Join(whole, file.Name()))
		b, errB := os.ReadFile(filepath.Join(request.Output, file.Name()))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s has other bytes, %v, %v", file.Name(), errA, errB)
		}
	}
}

// TestPrecomputedDType: float16 takes half of the space and keeps 11 bits.
func TestPrecomputedDType(t *testing.T) {
	images := tableOf(t, captioned{grain(1, 16, 16), "a cat"}, captioned{grain(2, 16, 16), "a dog"})
	size := map[string]int64{}
	var precomputed []example
	for _, dtype := range []string{"float32", "float16"} {
		s, err := openWith(t, map[string]any{"height": 16, "width": 16, "precomputed_dtype": dtype})
		if err != nil {
			t.Fatal(err)
		}
		directory, _ := precompute(t, s, images)
		info, err := os.Stat(filepath.Join(directory, "captions-00000.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		size[dtype] = info.Size()
		precomputed = append(precomputed, readExample(t, openPrecomputed(t, directory), 1))
	}
	if half, whole := size["float16"], size["float32"]; half*2 > whole+1000 {
		t.Errorf("captions take %d bytes in float16, %d in float32", half, whole)
	}
	differ := false
	for i, v := range precomputed[0].text {
		difference := math.Abs(float64(v) - float64(precomputed[1].text[i]))
		if difference > math.Abs(float64(v))/2048+1./(1<<25) {
			t.Fatalf("number %d is %v and in float16 %v", i, v, precomputed[1].text[i])
		}
		differ = differ || difference > 0
	}
	if !differ {
		t.Error("float16 rounds nothing")
	}
	if _, err := openWith(t, map[string]any{"precomputed_dtype": "int8"}); err == nil || !strings.Contains(err.Error(), `"int8"`) {
		t.Errorf("error %v", err)
	}
}

func TestPrecomputeRefuses(t *testing.T) {
	s, err := openWith(t, map[string]any{"height": 16, "width": 16})
	if err != nil {
		t.Fatal(err)
	}
	write := func(images ...table.Image) string {
		path := filepath.Join(t.TempDir(), "images.parquet")
		if err := table.WriteAll(path, images); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, wants := range map[string][]string{
		write(): {"no images to precompute"},
		write(table.Image{ID: "good/1", Image: table.File{Bytes: []byte("GIF89a")}}): {`Image "good/1" cannot be read`, "image 1 of the table", "replace it"},
		filepath.Join(t.TempDir(), "none.parquet"):                                   {"none.parquet"},
	} {
		err := s.Precompute(t.Context(), sdk.PrecomputeRequest{Images: path, Output: t.TempDir(), Scratch: t.TempDir()}, func(sdk.Progress) error { return nil })
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not say %q", err, want)
			}
		}
	}
	said := errors.New("enough")
	err = s.Precompute(t.Context(), sdk.PrecomputeRequest{Images: tableOf(t, captioned{grain(1, 8, 8), ""}, captioned{grain(2, 8, 8), ""}), Output: t.TempDir(), Scratch: t.TempDir()},
		func(sdk.Progress) error { return said })
	if !errors.Is(err, said) {
		t.Errorf("an error of the report becomes %v", err)
	}
}
