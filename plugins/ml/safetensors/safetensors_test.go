package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func example() *File {
	return &File{
		Tensors: map[string]Tensor{
			"b.weight": {Dims: []int{2, 3}, Data: []float32{1, -2, 3.5, float32(math.Inf(1)), 1e-42, 0}},
			"a.weight": {Dims: []int{1}, Data: []float32{math.MaxFloat32}},
			"scalar":   {Dims: []int{}, Data: []float32{7}},
			"empty":    {Dims: []int{0, 3}, Data: []float32{}},
		},
		Integers: map[string]Integers{
			"ids":  {DType: I64, Dims: []int{1, 2}, Data: []int64{math.MinInt64, math.MaxInt64}},
			"mask": {DType: Bool, Dims: []int{3}, Data: []int64{1, 0, 1}},
			"i32":  {DType: I32, Dims: []int{2}, Data: []int64{math.MinInt32, math.MaxInt32}},
			"i16":  {DType: I16, Dims: []int{2}, Data: []int64{math.MinInt16, math.MaxInt16}},
			"i8":   {DType: I8, Dims: []int{2}, Data: []int64{-128, 127}},
			"u64":  {DType: U64, Dims: []int{2}, Data: []int64{0, math.MaxInt64}},
			"u32":  {DType: U32, Dims: []int{2}, Data: []int64{0, math.MaxUint32}},
			"u16":  {DType: U16, Dims: []int{2}, Data: []int64{0, math.MaxUint16}},
			"u8":   {DType: U8, Dims: []int{2}, Data: []int64{0, 255}},
		},
		Metadata: map[string]string{"format": "pt", "note": "<&> \"ünïcode\"\n"},
	}
}

func TestRoundTrip(t *testing.T) {
	want := example()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, wrote %+v", got, want)
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if start := 8 + binary.LittleEndian.Uint64(written); start%8 != 0 {
		t.Errorf("data starts at byte %d, not aligned to 8", start)
	}
	encoded, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encoded, written) {
		t.Error("the content that was read back has other bytes")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o644 {
		t.Errorf("mode is %v: others cannot read the weights", info.Mode())
	}
}

// TestLargeTensor is larger than what is converted at a time.
func TestLargeTensor(t *testing.T) {
	data := make([]float32, 3*chunk/4+5)
	whole := make([]int64, 2*chunk/8+3)
	for i := range data {
		data[i] = float32(i)
	}
	for i := range whole {
		whole[i] = int64(i)
	}
	want := &File{
		Tensors:  map[string]Tensor{"w": {Dims: []int{len(data)}, Data: data}},
		Integers: map[string]Integers{"i": {DType: I64, Dims: []int{len(whole)}, Data: whole}},
	}
	content, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("a tensor of several chunks changed")
	}
}

// TestBytes pins the bytes of a small file: equal weights have equal digests,
// today and later.
func TestBytes(t *testing.T) {
	file := &File{
		Tensors:  map[string]Tensor{"b": {Dims: []int{2}, Data: []float32{1, -2}}, "a": {Data: []float32{0.5}}},
		Integers: map[string]Integers{"c": {DType: U8, Dims: []int{1}, Data: []int64{3}}},
		Metadata: map[string]string{"format": "pt"},
	}
	header := `{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},` +
		`"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"c":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}`
	want := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	data, err := hex.DecodeString("0000003f" + "0000803f000000c0" + "03")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, data...)
	for range 20 { // maps come in another order every time
		got, err := file.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	}
}

// content is a file with the given header and data.
func content(header string, data int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, data)...)
}

func TestDamagedFiles(t *testing.T) {
	for _, test := range []struct {
		name    string
		content []byte
		want    []string // all of them occur in the error
	}{
		{"empty file", nil, []string{"truncated: 0 bytes"}},
		{"half a length", []byte{1, 2, 3}, []string{"truncated: 3 bytes"}},
		{"header longer than the file", append(binary.LittleEndian.AppendUint64(nil, 1<<20), "{}"...), []string{"claims 1048576 bytes"}},
		{"length overflows", append(binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "{}"...), []string{"claims 18446744073709551615"}},
		{"a picture", []byte("\x89PNG\r\n\x1a\n0123456789"), []string{"not safetensors"}},
		{"no object", content(`[1]`, 0), []string{"not a JSON object"}},
		{"empty header", content(``, 0), []string{"not a JSON object"}},
		{"broken JSON", content(`{"w":{"dtype":"F32",`, 0), []string{`tensor "w"`}},
		{"object without end", content(`{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, 0), []string{"header", "EOF"}},
		{"text after the object", content(`{} x`, 0), []string{"2 bytes follow"}},
		{"not UTF-8", content("{\"w\xff\":1}", 0), []string{"not UTF-8"}},
		{"the same name twice", content(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), []string{`tensor "w"`, "twice"}},
		{"metadata that is no text", content(`{"__metadata__":{"a":1}}`, 0), []string{"metadata"}},
		{"entry that is no object", content(`{"w":1}`, 0), []string{`tensor "w"`}},
		{"unknown type", content(`{"w":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]}}`, 4), []string{`tensor "w" (F8_E5M2 [4])`, "not one of"}},
		{"no type", content(`{"w":{"shape":[4],"data_offsets":[0,4]}}`, 4), []string{`tensor "w"`, "not one of"}},
		{"no shape", content(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, 4), []string{`tensor "w"`, "no shape"}},
		{"negative shape", content(`{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), []string{`tensor "w" (F32 [-1])`, "impossible"}},
		{"shape that overflows", content(`{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), []string{`tensor "w" (F32 [4294967296 4294967296])`, "impossible"}},
		{"shape beyond integers", content(`{"w":{"dtype":"F32","shape":[1e30],"data_offsets":[0,4]}}`, 4), []string{`tensor "w"`}},
		{"no offsets", content(`{"w":{"dtype":"F32","shape":[1]}}`, 4), []string{`tensor "w" (F32 [1])`, "offsets"}},
		{"three offsets", content(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 8), []string{"offsets [0 4 8]"}},
		{"negative offset", content(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4), []string{"offsets [-4 0]"}},
		{"offsets the wrong way round", content(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), []string{"offsets [4 0]"}},
		{"shape and offsets differ", content(`{"w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,24]}}`, 24), []string{`tensor "w" (F16 [2 3])`, "needs 12 bytes", "hold 24"}},
		{"data cut off", content(`{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}`, 23), []string{`tensor "w" (F32 [2 3])`, "23 bytes of data", "truncated"}},
		{"more data than tensors", content(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 9), []string{"5 bytes of data belong to no tensor"}},
		{"overlap", content(`{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), []string{`tensor "w" (F32 [1])`, "overlap", `"v"`}},
		{"the same place twice", content(`{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), []string{"overlap"}},
		{"gap", content(`{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), []string{`tensor "w"`, "gap of 4 bytes"}},
		{"gap at the start", content(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), []string{"gap of 4 bytes"}},
		{"truth value 2", append(content(`{"w":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}`, 0), 2), []string{`tensor "w" (BOOL [1])`, "element 0 is 2"}},
		{"large unsigned number", append(content(`{"w":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}`, 0), bytes.Repeat([]byte{255}, 8)...), []string{`tensor "w" (U64 [1])`, "more than an int64"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, err := Decode(test.content)
			if err == nil {
				t.Fatalf("read as %+v", file)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// TestTruncated cuts a good file at every length.
func TestTruncated(t *testing.T) {
	whole, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for length := range whole {
		if _, err := Decode(whole[:length]); err == nil {
			t.Errorf("the first %d of %d bytes are read without an error", length, len(whole))
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("damaged file: %v", err)
	}
	if _, err := Read(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) {
		t.Errorf("directory: %v", err)
	}
}

func TestRefusesToWrite(t *testing.T) {
	one := Tensor{Dims: []int{1}, Data: []float32{1}}
	for _, test := range []struct {
		name string
		file File
		want string
	}{
		{"shape and values differ", File{Tensors: map[string]Tensor{"w": {Dims: []int{2}, Data: []float32{1}}}}, `tensor "w" (F32 [2])`},
		{"negative shape", File{Tensors: map[string]Tensor{"w": {Dims: []int{-1, -1}, Data: []float32{1}}}}, `tensor "w"`},
		{"name of the metadata", File{Tensors: map[string]Tensor{"__metadata__": one}}, "does not allow this name"},
		{"name that is not UTF-8", File{Tensors: map[string]Tensor{"w\xff": one}}, "does not allow this name"},
		{"metadata that is not UTF-8", File{Metadata: map[string]string{"a": "\xff"}}, "not UTF-8"},
		{"two tensors of a name", File{Tensors: map[string]Tensor{"w": one}, Integers: map[string]Integers{"w": {DType: U8, Dims: []int{1}, Data: []int64{1}}}}, `tensor "w"`},
		{"integers of no type", File{Integers: map[string]Integers{"w": {Dims: []int{1}, Data: []int64{1}}}}, "not a type of integers"},
		{"integers of floating type", File{Integers: map[string]Integers{"w": {DType: F32, Dims: []int{1}, Data: []int64{1}}}}, "not a type of integers"},
		{"too large", File{Integers: map[string]Integers{"w": {DType: I8, Dims: []int{1}, Data: []int64{128}}}}, "128 is not a I8"},
		{"negative", File{Integers: map[string]Integers{"w": {DType: U64, Dims: []int{1}, Data: []int64{-1}}}}, "-1 is not a U64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.file.Encode(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
			directory := t.TempDir()
			if err := test.file.Write(filepath.Join(directory, "model.safetensors")); err == nil {
				t.Error("it is written")
			}
			if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
				t.Errorf("what is left behind: %v, %v", left, err)
			}
		})
	}
}

// TestWriteReplaces writes over a file, and fails without harming it.
func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	bad := &File{Tensors: map[string]Tensor{"w": {Dims: []int{2}, Data: []float32{1}}}}
	if err := bad.Write(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the file", err)
	}
	if kept, err := os.ReadFile(path); err != nil || string(kept) != "old" {
		t.Errorf("after a failed write the file holds %q, %v", kept, err)
	}
	if err := example().Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err != nil {
		t.Error(err)
	}
}

// FuzzDecode: whatever the bytes are, reading them neither panics nor holds
// more than they can account for, and what is read can be written and read again.
func FuzzDecode(f *testing.F) {
	golden, err := os.ReadFile("testdata/dtypes.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	whole, err := example().Encode()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{
		golden, whole, whole[:len(whole)-1], nil, content(`{}`, 0), content(`{"__metadata__":{}}`, 0),
		content(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
		content(`{"w":{"dtype":"F16","shape":[0,9223372036854775807],"data_offsets":[0,0]}}`, 0),
		content(`{"w":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, 8),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := Decode(content)
		if err != nil {
			return
		}
		held := 0
		for name, tensor := range file.Tensors {
			held += len(tensor.Data)
			if Size(tensor.Dims) != len(tensor.Data) {
				t.Errorf("tensor %q: %v does not hold %d values", name, tensor.Dims, len(tensor.Data))
			}
		}
		for name, tensor := range file.Integers {
			held += len(tensor.Data)
			if Size(tensor.Dims) != len(tensor.Data) {
				t.Errorf("tensor %q: %v does not hold %d values", name, tensor.Dims, len(tensor.Data))
			}
		}
		if held > len(content) {
			t.Errorf("%d bytes became %d values", len(content), held)
		}
		again, err := file.Encode()
		if err != nil {
			t.Fatalf("cannot be written again: %v", err)
		}
		second, err := Decode(again)
		if err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
		if twice, err := second.Encode(); err != nil || !bytes.Equal(twice, again) {
			t.Errorf("written twice it has other bytes (%v)", err)
		}
	})
}
