package inceptionv3

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// draw is golden.py's formula: uniform numbers of splitmix64, from the name's
// FNV-1a hash and the index.
func draw(name string, low, high float64, dims ...int) safetensors.Tensor {
	seed := uint64(0xcbf29ce484222325)
	for _, b := range []byte(name) {
		seed = (seed ^ uint64(b)) * 0x100000001b3
	}
	out := safetensors.Tensor{Dims: dims, Data: make([]float32, safetensors.Size(dims))}
	for i := range out.Data {
		z := seed + uint64(i+1)*0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		out.Data[i] = float32(low + (high-low)*(float64(z>>11)*0x1p-53))
	}
	return out
}

// published are weights as pytorch-fid names them, by golden.py's formula, with
// what a state dict has beside them.
func published(t testing.TB, n Network) *safetensors.File {
	t.Helper()
	file := &safetensors.File{Tensors: map[string]safetensors.Tensor{}, Integers: map[string]safetensors.Integers{}}
	for _, need := range n.needs(golden.Backend(t)) {
		name, ok := strings.CutSuffix(need.Name, ".weight")
		if !ok {
			continue
		}
		d := need.Dims // ours: height, width, in, out
		bound := math.Sqrt(6 / float64(d[0]*d[1]*d[2]))
		add := func(part string, low, high float64, dims ...int) {
			file.Tensors[name+part] = draw(name+part, low, high, dims...)
		}
		add(".conv.weight", -bound, bound, d[3], d[2], d[0], d[1])
		add(".bn.running_mean", -0.2, 0.2, d[3])
		add(".bn.running_var", 0.5, 2, d[3])
		add(".bn.weight", 0.5, 1.5, d[3])
		add(".bn.bias", -0.2, 0.2, d[3])
		file.Integers[name+".bn.num_batches_tracked"] = safetensors.Integers{DType: safetensors.I64, Data: []int64{0}}
	}
	file.Tensors["fc.weight"] = draw("fc", -1, 1, 8, n.Width())
	file.Tensors["fc.bias"] = draw("fc", -1, 1, 8)
	return file
}

func written(t testing.TB, file *safetensors.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inception.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// images of golden.py, by name.
func images(t testing.TB) map[string]sdk.Image {
	t.Helper()
	all := map[string]sdk.Image{}
	for _, name := range []string{"rgb_67x45", "rgb_51x131"} {
		content, err := os.ReadFile("../../preprocess/testdata/" + name + ".png")
		if err != nil {
			t.Fatal(err)
		}
		if all[name], err = imaging.Decode(content, imaging.Exchanged); err != nil {
			t.Fatal(err)
		}
	}
	add := func(name, seed string, width, height int) {
		image := sdk.Image{Width: width, Height: height}
		for _, v := range draw(seed, 0, 256, height, width, 3).Data {
			image.RGB = append(image.RGB, byte(v))
		}
		all[name] = image
	}
	add("drawn_640x451", "image", 640, 451)
	add("drawn_299x500", "other image", 299, 500)
	return all
}

// some are values spread over a tensor, as golden.py takes them.
func some(data []float32, count int) safetensors.Tensor {
	out := safetensors.Tensor{Dims: []int{count}}
	for i := range count {
		out.Data = append(out.Data, data[i*1000003%len(data)])
	}
	return out
}

// TestResize compares with Pillow: enlarged, shrunk, and one axis alone.
func TestResize(t *testing.T) {
	want := golden.Read(t, "testdata/golden.safetensors")
	beyond := 0 // what a bicubic filter overshoots
	for name, image := range images(t) {
		got := imaging.ResizeFloats(image, Side, Side)
		worst := golden.Expect(t, name, some(got, 2000), want.Tensors["resized."+name], 2e-5)
		t.Logf("%s: values of 0 to 255 differ by at most %.1e", name, worst)
		preprocessed := make([]float32, len(got))
		Preprocess(image, preprocessed)
		for c := range 3 {
			for i, v := range got[c*Side*Side:][:Side*Side] {
				if v < 0 || v > 255 {
					beyond++
				}
				if want := (min(max(v, 0), 255) - 128) / 128; preprocessed[i*3+c] != want {
					t.Fatalf("%s: pixel %d is preprocessed as %v from %v", name, i, preprocessed[i*3+c], v)
				}
			}
		}
	}
	if beyond < 1000 {
		t.Errorf("%d values are cut off: the images are too smooth to tell", beyond)
	}
}

// TestNetwork compares the whole network, in its full size, with torch in
// float64: block by block, and the features of three images.
func TestNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("22 million weights")
	}
	want := golden.Read(t, "testdata/golden.safetensors")
	backend := golden.Backend(t)
	network, store, err := Read(backend, written(t, published(t, Network{1})))
	if err != nil {
		t.Fatal(err)
	}
	if network != (Network{1}) {
		t.Errorf("the published size is read as %+v", network)
	}
	all := images(t)
	names := []string{"rgb_67x45", "rgb_51x131", "drawn_640x451"}
	input := safetensors.Tensor{Dims: []int{1, Side, Side, 3}, Data: make([]float32, Side*Side*3)}
	Preprocess(all[names[0]], input.Data)
	var taps []string
	outputs := golden.Run(t, store, func(inputs []*Node) []*Node {
		var nodes []*Node
		p := nn.LoadedParams(store).Watched(func(path string, y *Node) {
			if _, ok := want.Tensors["tap."+path]; ok {
				taps, nodes = append(taps, path), append(nodes, y)
			}
		})
		return append(nodes, network.Features(p, inputs[0]))
	}, input)
	if len(taps) != 16 {
		t.Errorf("%d places are compared: %v", len(taps), taps)
	}
	for i, path := range taps {
		got := some(golden.ChannelsFirst(outputs[i]).Data, 500)
		t.Logf("%-14s differs by at most %.1e", path, golden.Expect(t, path, got, want.Tensors["tap."+path], 2e-5))
	}
	compiled, err := Compile(backend, network, store)
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close()
	var three []sdk.Image
	for _, name := range names {
		three = append(three, all[name])
	}
	rows, err := compiled.Features(t.Context(), three)
	if err != nil {
		t.Fatal(err)
	}
	got := safetensors.Tensor{Dims: []int{len(rows), Features}, Data: slices.Concat(rows...)}
	t.Logf("features differ by at most %.1e", golden.Expect(t, "features", got, want.Tensors["features"], 2e-5))
}

// TestFolding: a normalized convolution by the book, against the folded one.
func TestFolding(t *testing.T) {
	file := published(t, Network{16})
	_, store, err := Read(golden.Backend(t), written(t, file))
	if err != nil {
		t.Fatal(err)
	}
	const name = "Mixed_6b.branch7x7_2"
	part := func(part string) []float32 { return file.Tensors[name+part].Data }
	dims := file.Tensors[name+".conv.weight"].Dims // out, in, 1, 7
	got := golden.Run(t, store, func(inputs []*Node) []*Node {
		p := nn.LoadedParams(store).In(name)
		return []*Node{nn.ConvAxes(p, inputs[0], dims[0], nn.Pointwise, nn.Window{Size: 7, Stride: 1}, nil)}
	}, draw("x", -1, 1, 1, 1, 7, dims[1]))[0]
	x := draw("x", -1, 1, 1, 1, 7, dims[1]).Data
	for out := range dims[0] {
		var y float64
		for in := range dims[1] {
			for i := range 7 {
				y += float64(part(".conv.weight")[(out*dims[1]+in)*7+i]) * float64(x[i*dims[1]+in])
			}
		}
		y = (y-float64(part(".bn.running_mean")[out]))/math.Sqrt(float64(part(".bn.running_var")[out])+0.001)*float64(part(".bn.weight")[out]) + float64(part(".bn.bias")[out])
		if math.Abs(y-float64(got.Data[out])) > 1e-6 {
			t.Errorf("channel %d is %v, want %v", out, got.Data[out], y)
		}
	}
}

// TestMistakes: what does not fit is named, with its shapes.
func TestMistakes(t *testing.T) {
	directory := t.TempDir()
	for name, test := range map[string]struct {
		change func(file *safetensors.File)
		want   []string
	}{
		"missing": {func(f *safetensors.File) { delete(f.Tensors, "Mixed_7c.branch_pool.bn.bias") },
			[]string{"missing: 1", "Mixed_7c.branch_pool.bn.bias, F32, F16 or BF16 [12]", "FID's Inception"}},
		"another shape": {func(f *safetensors.File) {
			f.Tensors["Mixed_5b.branch_pool.conv.weight"] = draw("x", 0, 1, 4, 12, 1, 1)
		}, []string{"Mixed_5b.branch_pool.conv.weight is F32 [4 12 1 1], expected F32, F16 or BF16 [2 12 1 1]"}},
		"another network": {func(f *safetensors.File) { f.Tensors["Mixed_8a.conv.weight"] = draw("x", 0, 1, 1) },
			[]string{"left over: 1", "Mixed_8a.conv.weight"}},
		"another first layer": {func(f *safetensors.File) { f.Tensors[first] = draw("x", 0, 1, 3, 3, 3, 3) },
			[]string{"Conv2d_1a_3x3.conv.weight is F32 [3 3 3 3], expected F32, F16 or BF16 [32 3 3 3]"}},
		"a negative variance": {func(f *safetensors.File) { f.Tensors["Mixed_7c.branch_pool.bn.running_var"].Data[3] = -1 },
			[]string{"Element 3 of Mixed_7c.branch_pool.bn.running_var is -1"}},
		"NaN": {func(f *safetensors.File) {
			f.Tensors["Mixed_7c.branch_pool.bn.running_var"].Data[0] = float32(math.NaN())
		}, []string{"running_var is NaN"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := published(t, Network{16})
			test.change(file)
			_, _, err := Read(golden.Backend(t), written(t, file))
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v does not say %q", err, want)
				}
			}
		})
	}
	cut := filepath.Join(directory, "cut.safetensors")
	content, err := os.ReadFile(written(t, published(t, Network{16})))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, content[:len(content)-100], 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(directory, "none.safetensors"): "no such file",
		directory: "no safetensors file",
		filepath.Join(directory, "pt_inception.pth"): "torch.load",
		cut: "truncated",
	} {
		if _, _, err := Read(golden.Backend(t), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", path, err, want)
		}
	}
}

// TestBatches: an image's features do not depend on the others.
func TestBatches(t *testing.T) {
	backend := golden.Backend(t)
	network, store, err := Read(backend, written(t, published(t, Network{16})))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := Compile(backend, network, store)
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close()
	all := images(t)
	both, err := compiled.Features(t.Context(), []sdk.Image{all["rgb_67x45"], all["rgb_51x131"]})
	if err != nil {
		t.Fatal(err)
	}
	compiled.batch = 3
	again, err := compiled.Features(t.Context(), []sdk.Image{all["rgb_51x131"], all["rgb_67x45"]})
	if err != nil {
		t.Fatal(err)
	}
	if len(both) != 2 || len(both[0]) != Features/16 {
		t.Fatalf("%d vectors of %d", len(both), len(both[0]))
	}
	for i := range both {
		for j, v := range both[i] {
			if math.Abs(float64(v-again[1-i][j])) > 1e-6 {
				t.Fatalf("feature %d of image %d is %v and %v", j, i, v, again[1-i][j])
			}
		}
	}
}

func BenchmarkFeatures(b *testing.B) {
	backend := golden.Backend(b)
	store := model.NewStore()
	network := Network{1}
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, x *Node) *Node {
		return network.Features(nn.NewParams(store, 1), x)
	})
	if err != nil {
		b.Fatal(err)
	}
	compiled := &Compiled{exec: exec, batch: 1, width: Features}
	defer compiled.Close()
	image := images(b)["drawn_640x451"]
	for b.Loop() {
		if _, err := compiled.Features(b.Context(), []sdk.Image{image}); err != nil {
			b.Fatal(err)
		}
	}
}
