package pretrained

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// network is what a small network asks for: every kind of weight.
var network = Weights{
	File: Diffusers,
	Needs: []nn.Named{
		{Name: "linear.weight", Dims: []int{2, 3}},     // in 2, out 3
		{Name: "conv.weight", Dims: []int{1, 2, 3, 4}}, // height 1, width 2, in 3, out 4
		{Name: "norm.weight", Dims: []int{5}},
		{Name: "table.weight", Dims: []int{4, 2}},
	},
	Tables: func(name string) bool { return name == "table.weight" },
	Rename: func(name string) string {
		if strings.HasSuffix(name, "position_ids") {
			return ""
		}
		return strings.Replace(name, "old.", "norm.", 1)
	},
}

// counted is a tensor whose values are small whole numbers, which every
// floating-point type holds.
func counted(dims ...int) safetensors.Tensor {
	t := safetensors.Tensor{Dims: dims}
	for i := range safetensors.Size(dims) {
		t.Data = append(t.Data, float32(i))
	}
	return t
}

// published are the network's weights as torch has them.
func published() map[string]safetensors.Tensor {
	return map[string]safetensors.Tensor{
		"linear.weight": counted(3, 2), "conv.weight": counted(4, 3, 1, 2), "old.weight": counted(5), "table.weight": counted(4, 2),
	}
}

// write writes a file whose floating-point tensors are of a type.
func write(t *testing.T, path string, weights map[string]safetensors.Tensor, dtype safetensors.DType) {
	t.Helper()
	header := map[string]any{}
	var data []byte
	for name, tensor := range weights {
		begin := len(data)
		for _, v := range tensor.Data {
			bits := math.Float32bits(v)
			switch dtype {
			case safetensors.F32:
				data = binary.LittleEndian.AppendUint32(data, bits)
			case safetensors.BF16:
				data = binary.LittleEndian.AppendUint16(data, uint16(bits>>16))
			case safetensors.F16: // of a whole number without subnormals
				half := uint16(0)
				if v != 0 {
					half = uint16((int(bits>>23)-127+15)<<10 | int(bits>>13&0x3ff))
				}
				data = binary.LittleEndian.AppendUint16(data, half)
			case safetensors.I64:
				data = binary.LittleEndian.AppendUint64(data, uint64(int64(v)))
			}
		}
		header[name] = map[string]any{"dtype": dtype, "shape": tensor.Dims, "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	content := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, append(content, data...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func values(t *testing.T, store *model.Store, name string) safetensors.Tensor {
	t.Helper()
	v := store.GetVariable("/" + name)
	if v == nil {
		t.Fatalf("there is no weight %s", name)
	}
	return safetensors.Tensor{Dims: v.Shape().Dimensions, Data: tensors.MustCopyFlatData[float32](v.MustValue())}
}

// check compares a store with the weights of published.
func check(t *testing.T, store *model.Store) {
	t.Helper()
	for name, want := range map[string]safetensors.Tensor{
		"linear.weight": {Dims: []int{2, 3}, Data: []float32{0, 2, 4, 1, 3, 5}},
		"norm.weight":   counted(5),
		"table.weight":  counted(4, 2),
	} {
		if got := values(t, store, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	conv := values(t, store, "conv.weight")
	if !reflect.DeepEqual(conv.Dims, []int{1, 2, 3, 4}) {
		t.Fatalf("conv.weight is %v", conv.Dims)
	}
	for w := range 2 {
		for in := range 3 {
			for out := range 4 {
				if got, want := conv.Data[(w*3+in)*4+out], float32((out*3+in)*2+w); got != want {
					t.Errorf("conv.weight at column %d from %d to %d is %v, want %v", w, in, out, got, want)
				}
			}
		}
	}
}

// TestReadsEveryLayout: one file, of any type and with a variant's name, or
// several and an index.
func TestReadsEveryLayout(t *testing.T) {
	ids := counted(1, 3)
	for name, arrange := range map[string]func(directory string){
		"one file": func(d string) { write(t, d+"/diffusion_pytorch_model.safetensors", published(), safetensors.F32) },
		"F16 in the usual name": func(d string) {
			write(t, d+"/diffusion_pytorch_model.safetensors", published(), safetensors.F16)
		},
		"fp16 variant": func(d string) { write(t, d+"/diffusion_pytorch_model.fp16.safetensors", published(), safetensors.F16) },
		"bf16 variant": func(d string) { write(t, d+"/diffusion_pytorch_model.bf16.safetensors", published(), safetensors.BF16) },
		"shards": func(d string) {
			all := published()
			write(t, d+"/a-00001-of-00003.safetensors", map[string]safetensors.Tensor{"linear.weight": all["linear.weight"], "stale.weight": ids}, safetensors.F32)
			write(t, d+"/a-00002-of-00003.safetensors", map[string]safetensors.Tensor{"conv.weight": all["conv.weight"], "old.weight": all["old.weight"], "table.weight": all["table.weight"]}, safetensors.F16)
			write(t, d+"/a-00003-of-00003.safetensors", map[string]safetensors.Tensor{"text.position_ids": ids}, safetensors.I64)
			index := `{"metadata": {"total_size": 1}, "weight_map": {"linear.weight": "a-00001-of-00003.safetensors", "conv.weight": "a-00002-of-00003.safetensors",
				"old.weight": "a-00002-of-00003.safetensors", "table.weight": "a-00002-of-00003.safetensors", "text.position_ids": "a-00003-of-00003.safetensors"}}`
			if err := os.WriteFile(d+"/diffusion_pytorch_model.safetensors.index.json", []byte(index), 0o644); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			arrange(directory)
			store, err := network.Read(directory)
			if err != nil {
				t.Fatal(err)
			}
			check(t, store)
			// What is written is read again, under the names of today.
			ours := map[string]safetensors.Tensor{}
			for _, need := range network.Needs {
				ours[need.Name] = values(t, store, need.Name)
			}
			other := t.TempDir()
			if err := network.Write(other, ours); err != nil {
				t.Fatal(err)
			}
			if store, err = network.Read(other); err != nil {
				t.Fatal(err)
			}
			check(t, store)
		})
	}
}

// TestRefuses: what is wrong with weights is named, tensor by tensor, and all
// that can be known at once.
func TestRefuses(t *testing.T) {
	with := func(change func(all map[string]safetensors.Tensor)) func(d string) {
		return func(d string) {
			all := published()
			change(all)
			write(t, d+"/diffusion_pytorch_model.safetensors", all, safetensors.F16)
		}
	}
	index := func(text string) func(d string) {
		return func(d string) {
			write(t, d+"/a.safetensors", published(), safetensors.F32)
			if err := os.WriteFile(d+"/diffusion_pytorch_model.safetensors.index.json", []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name    string
		arrange func(directory string)
		want    []string
	}{
		{"nothing", func(string) {}, []string{"No weights", "diffusion_pytorch_model.safetensors", "fp16"}},
		{"pickled", func(d string) { os.WriteFile(d+"/diffusion_pytorch_model.bin", nil, 0o644) }, []string{"No weights", "diffusion_pytorch_model.bin, which can run code"}},
		{"missing, mis-shaped and left over", with(func(all map[string]safetensors.Tensor) {
			delete(all, "table.weight")
			delete(all, "old.weight")
			all["linear.weight"] = counted(2, 3)
			all["lora.weight"] = counted(2)
		}), []string{
			"missing: 2", "norm.weight, F32, F16 or BF16 [5]", "table.weight, F32, F16 or BF16 [4 2]",
			"linear.weight is F16 [2 3], expected F32, F16 or BF16 [3 2]",
			"left over: 1", "lora.weight, F16 [2]",
		}},
		{"rank", with(func(all map[string]safetensors.Tensor) { all["conv.weight"] = counted(4, 3) }), []string{"conv.weight is F16 [4 3]", "[4 3 1 2]"}},
		{"twice", with(func(all map[string]safetensors.Tensor) { all["norm.weight"] = counted(5) }), []string{"two names: 1", "norm.weight and old.weight"}},
		{"many", with(func(all map[string]safetensors.Tensor) {
			for i := range 20 {
				all[fmt.Sprintf("extra.%02d", i)] = counted(1)
			}
		}), []string{"left over: 20", "extra.07", "and 12 more"}},
		{"type", func(d string) { write(t, d+"/diffusion_pytorch_model.safetensors", published(), safetensors.I64) },
			[]string{"linear.weight is I64 [3 2], expected F32"}},
		{"truncated", func(d string) {
			path := d + "/diffusion_pytorch_model.safetensors"
			write(t, path, map[string]safetensors.Tensor{"linear.weight": counted(3, 2)}, safetensors.F32)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, content[:len(content)-1], 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{`tensor "linear.weight" (F32 [3 2])`, "truncated", "diffusion_pytorch_model.safetensors"}},
		{"not a number", func(d string) {
			all := published()
			all["conv.weight"].Data[7] = float32(math.NaN())
			write(t, d+"/diffusion_pytorch_model.safetensors", all, safetensors.F32)
		}, []string{"not numbers", "conv.weight is NaN at index 7"}},
		{"damaged index", index("{"), []string{"index.json"}},
		{"empty index", index("{}"), []string{"missing: 4"}},
		{"shard missing", index(`{"weight_map": {"linear.weight": "b.safetensors"}}`), []string{`tensor "linear.weight"`, "b.safetensors", "no such file"}},
		{"not in shard", index(`{"weight_map": {"linear.bias": "a.safetensors"}}`), []string{`tensor "linear.bias" into a.safetensors`, "does not hold it"}},
		{"elsewhere", index(`{"weight_map": {"linear.weight": "../a.safetensors"}}`), []string{`"../a.safetensors"`, "not the name of a safetensors file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory := t.TempDir()
			test.arrange(directory)
			_, err := network.Read(directory)
			if err == nil {
				t.Fatal("the weights are read")
			}
			for _, want := range append(test.want, directory) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	if err := network.Write(t.TempDir(), map[string]safetensors.Tensor{}); err == nil || !strings.Contains(err.Error(), `"linear.weight"`) {
		t.Errorf("error %v does not name the weight that is missing", err)
	}
}

// TestTurn: tiles at the border are whole, and what is turned comes back.
func TestTurn(t *testing.T) {
	for _, dims := range [][]int{{70, 45}, {2, 3, 33, 40}, {0, 3}} {
		theirs := counted(theirDims(dims, true)...)
		ours, back := make([]float32, len(theirs.Data)), make([]float32, len(theirs.Data))
		toOurs(theirs.Data, ours, dims, true)
		toTheirs(ours, back, dims, true)
		if !slices.Equal(back, theirs.Data) {
			t.Errorf("%v does not come back", dims)
		}
		window, in, out := 1, dims[len(dims)-2], dims[len(dims)-1]
		if len(dims) == 4 {
			window = dims[0] * dims[1]
		}
		for i, v := range ours {
			if want := (i%out*in+i/out%in)*window + i/out/in; int(v) != want {
				t.Fatalf("%v: element %d comes from %v, want %d", dims, i, v, want)
			}
		}
	}
}

// TestPointer: a clone without Git LFS has pointers in place of weights.
func TestPointer(t *testing.T) {
	pointer, err := os.ReadFile("testdata/cases/lfs-pointer.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors.index.json"} {
		directory := t.TempDir()
		if err := os.WriteFile(directory+"/"+name, pointer, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := network.Read(directory); err == nil || !strings.Contains(err.Error(), "a pointer of Git LFS") || !strings.Contains(err.Error(), "git lfs pull") || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "plumb download") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
