package pretrained

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// needed are the tensors of a tiny network.
var needed = []Tensor{
	{"fc.weight", []int{2, 3}, Linear},
	{"patch.weight", []int{2, 1, 2, 1}, Linear},
	{"norm.weight", []int{4}, AsIs},
	{"scale", []int{}, AsIs},
}

func nothing(string) bool { return false }

func file(t *testing.T, path string, values map[string]safetensors.Tensor) {
	t.Helper()
	if err := (&safetensors.File{Tensors: values}).Write(path); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// values of the tiny network; all of them are exact in every type.
func values() map[string]safetensors.Tensor {
	return map[string]safetensors.Tensor{
		"fc.weight":    {Dims: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
		"patch.weight": {Dims: []int{2, 1, 2, 1}, Data: []float32{1, 2, 3, 4}},
		"norm.weight":  {Dims: []int{4}, Data: []float32{0, -1, 0.5, 2}},
		"scale":        {Dims: []int{}, Data: []float32{2.5}},
	}
}

// load loads the tiny network from a directory.
func load(t *testing.T, directory string) error {
	t.Helper()
	w, err := Open(directory, "model")
	if err != nil {
		return err
	}
	defer w.Close()
	store, err := w.Load(needed, nothing)
	if err != nil {
		return err
	}
	for name, want := range map[string]struct {
		dims []int
		data []float32
	}{
		"/fc.weight":    {[]int{3, 2}, []float32{1, 4, 2, 5, 3, 6}},
		"/patch.weight": {[]int{2, 2}, []float32{1, 3, 2, 4}},
		"/norm.weight":  {[]int{4}, []float32{0, -1, 0.5, 2}},
		"/scale":        {[]int{}, []float32{2.5}},
	} {
		v := store.GetVariable(name)
		if v == nil {
			t.Fatalf("%s is not in the store", name)
		}
		if got := tensors.MustCopyFlatData[float32](v.MustValue()); !slices.Equal(got, want.data) || !slices.Equal(v.Shape().Dimensions, want.dims) {
			t.Errorf("%s is %v %v, want %v %v", name, v.Shape().Dimensions, got, want.dims, want.data)
		}
	}
	return nil
}

func TestOneFile(t *testing.T) {
	directory := t.TempDir()
	file(t, filepath.Join(directory, "model.safetensors"), values())
	if err := load(t, directory); err != nil {
		t.Error(err)
	}
}

// TestHalf: 16-bit floating-point numbers of both kinds are read.
func TestHalf(t *testing.T) {
	for dtype, narrow := range map[string]func(float32) uint16{
		"BF16": func(v float32) uint16 { return uint16(math.Float32bits(v) >> 16) },
		"F16": func(v float32) uint16 { // of a normal number without rest
			bits := math.Float32bits(v)
			if v == 0 {
				return 0
			}
			return uint16(bits>>31<<15 | (bits>>23&255-127+15)<<10 | bits>>13&1023)
		},
	} {
		header, data := map[string]any{}, []byte{}
		for _, n := range needed {
			begin := len(data)
			for _, v := range values()[n.Name].Data {
				data = binary.LittleEndian.AppendUint16(data, narrow(v))
			}
			header[n.Name] = map[string]any{"dtype": dtype, "shape": n.Dims, "data_offsets": []int{begin, len(data)}}
		}
		encoded, err := json.Marshal(header)
		if err != nil {
			t.Fatal(err)
		}
		content := binary.LittleEndian.AppendUint64(nil, uint64(len(encoded)))
		directory := t.TempDir()
		text(t, filepath.Join(directory, "model.safetensors"), string(content)+string(encoded)+string(data))
		if err := load(t, directory); err != nil {
			t.Errorf("%s: %v", dtype, err)
		}
	}
}

// shard writes the tiny network in two files and returns the index.
func shard(t *testing.T, directory string) map[string]string {
	t.Helper()
	all := values()
	first := map[string]safetensors.Tensor{"fc.weight": all["fc.weight"]}
	delete(all, "fc.weight")
	file(t, filepath.Join(directory, "model-00001-of-00002.safetensors"), first)
	file(t, filepath.Join(directory, "model-00002-of-00002.safetensors"), all)
	index := map[string]string{"fc.weight": "model-00001-of-00002.safetensors"}
	for name := range all {
		index[name] = "model-00002-of-00002.safetensors"
	}
	return index
}

func writeIndex(t *testing.T, directory string, index map[string]string) {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{"metadata": map[string]int{"total_size": 60}, "weight_map": index})
	if err != nil {
		t.Fatal(err)
	}
	text(t, filepath.Join(directory, "model.safetensors.index.json"), string(encoded))
}

func TestShards(t *testing.T) {
	directory := t.TempDir()
	writeIndex(t, directory, shard(t, directory))
	if err := load(t, directory); err != nil {
		t.Error(err)
	}
}

func TestMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		make func(t *testing.T, directory string)
		want []string
	}{
		"empty": {func(t *testing.T, d string) {}, []string{"No weights", "model.safetensors"}},
		"pickles": {func(t *testing.T, d string) {
			text(t, filepath.Join(d, "pytorch_model.bin"), "x")
		}, []string{"No weights", "pytorch_model.bin"}},
		"missing, mis-shaped and left over": {func(t *testing.T, d string) {
			v := values()
			delete(v, "norm.weight")
			delete(v, "scale")
			v["fc.weight"] = safetensors.Tensor{Dims: []int{3, 2}, Data: make([]float32, 6)}
			v["fc2.weight"] = safetensors.Tensor{Dims: []int{1}, Data: []float32{1}}
			file(t, filepath.Join(d, "model.safetensors"), v)
		}, []string{
			"missing: 2", "norm.weight, F32, F16 or BF16 [4]", "scale, F32, F16 or BF16 []",
			"fc.weight is F32 [3 2], expected F32, F16 or BF16 [2 3]",
			"left over: 1", "fc2.weight, F32 [1]",
		}},
		"quantized": {func(t *testing.T, d string) {
			v := values()
			delete(v, "fc.weight")
			f := &safetensors.File{Tensors: v, Integers: map[string]safetensors.Integers{
				"fc.weight": {DType: safetensors.I8, Dims: []int{2, 3}, Data: make([]int64, 6)},
			}}
			if err := f.Write(filepath.Join(d, "model.safetensors")); err != nil {
				t.Fatal(err)
			}
		}, []string{"fc.weight is I8 [2 3], expected F32, F16 or BF16 [2 3]"}},
		"many": {func(t *testing.T, d string) {
			v := values()
			for i := range 20 {
				v[fmt.Sprintf("extra.%02d", i)] = safetensors.Tensor{Dims: []int{1}, Data: []float32{1}}
			}
			file(t, filepath.Join(d, "model.safetensors"), v)
		}, []string{"left over: 20", "extra.07", "and 12 more"}},
		"truncated": {func(t *testing.T, d string) {
			path := filepath.Join(d, "model.safetensors")
			file(t, path, values())
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text(t, path, string(content[:len(content)-3]))
		}, []string{"model.safetensors", `tensor "scale" (F32 [])`, "truncated"}},
		"damaged index": {func(t *testing.T, d string) {
			text(t, filepath.Join(d, "model.safetensors.index.json"), "{")
		}, []string{"model.safetensors.index.json"}},
		"empty index": {func(t *testing.T, d string) {
			text(t, filepath.Join(d, "model.safetensors.index.json"), "{}")
		}, []string{"missing: 4"}},
		"missing shard": {func(t *testing.T, d string) {
			writeIndex(t, d, shard(t, d))
			if err := os.Remove(filepath.Join(d, "model-00002-of-00002.safetensors")); err != nil {
				t.Fatal(err)
			}
		}, []string{"missing", "norm.weight", "model-00002-of-00002.safetensors"}},
		"wrong shard": {func(t *testing.T, d string) {
			index := shard(t, d)
			index["scale"] = "model-00001-of-00002.safetensors"
			writeIndex(t, d, index)
		}, []string{"scale", "does not hold it"}},
		"shard elsewhere": {func(t *testing.T, d string) {
			index := shard(t, d)
			index["scale"] = "../model-00001-of-00002.safetensors"
			writeIndex(t, d, index)
		}, []string{"scale", "not the name of a file"}},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			test.make(t, directory)
			err := load(t, directory)
			if err == nil {
				t.Fatal("it is loaded")
			}
			for _, want := range append(test.want, directory) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// TestTranspose: tiles at the border are whole.
func TestTranspose(t *testing.T) {
	const rows, columns = 70, 45
	from, to := make([]float32, rows*columns), make([]float32, rows*columns)
	for i := range from {
		from[i] = float32(i)
	}
	transpose(from, rows, to)
	for r := range rows {
		for c := range columns {
			if to[c*rows+r] != from[r*columns+c] {
				t.Fatalf("(%d, %d) is %v", r, c, to[c*rows+r])
			}
		}
	}
}
