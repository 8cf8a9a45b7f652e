package safetensors

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// goldenTensor is a tensor of testdata/dtypes.json. Numbers stay text, because
// a float64 holds neither every int64 nor an infinity in JSON.
type goldenTensor struct {
	DType  string            `json:"dtype"`
	Shape  []int             `json:"shape"`
	Values []json.RawMessage `json:"values"`
}

// float is a value as float32, rounded once.
func (g goldenTensor) float(t *testing.T, i int) float32 {
	t.Helper()
	switch text := string(g.Values[i]); text {
	case `"+Inf"`:
		return float32(math.Inf(1))
	case `"-Inf"`:
		return float32(math.Inf(-1))
	case `"NaN"`:
		return float32(math.NaN())
	case "-0.0":
		return float32(math.Copysign(0, -1))
	default:
		var v float64
		if err := json.Unmarshal(g.Values[i], &v); err != nil {
			t.Fatal(err)
		}
		return float32(v)
	}
}

// integer is a value as int64.
func (g goldenTensor) integer(t *testing.T, i int) int64 {
	t.Helper()
	switch string(g.Values[i]) {
	case "true":
		return 1
	case "false":
		return 0
	}
	var v int64
	if err := json.Unmarshal(g.Values[i], &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestReadsEveryType reads a file that the Rust implementation 0.4.0 wrote.
func TestReadsEveryType(t *testing.T) {
	text, err := os.ReadFile("testdata/dtypes.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]goldenTensor
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	file, err := Read("testdata/dtypes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(file.Tensors) + len(file.Integers); got != len(golden) {
		t.Errorf("read %d tensors, the file has %d", got, len(golden))
	}
	types := map[string]DType{"int64": I64, "int32": I32, "int16": I16, "int8": I8, "uint8": U8, "bool": Bool}
	for name, want := range golden {
		if dtype, whole := types[want.DType]; whole {
			got := file.Integers[name]
			if got.DType != dtype || !sameDims(got.Dims, want.Shape) || len(got.Data) != len(want.Values) {
				t.Errorf("%s: got %s %v with %d values, want %s %v with %d", name, got.DType, got.Dims, len(got.Data), dtype, want.Shape, len(want.Values))
				continue
			}
			for i, v := range got.Data {
				if w := want.integer(t, i); v != w {
					t.Errorf("%s[%d] = %d, want %d", name, i, v, w)
				}
			}
			continue
		}
		got, ok := file.Tensors[name]
		if !ok || !sameDims(got.Dims, want.Shape) || len(got.Data) != len(want.Values) {
			t.Errorf("%s: got %v with %d values, want %v with %d", name, got.Dims, len(got.Data), want.Shape, len(want.Values))
			continue
		}
		for i, v := range got.Data {
			w := want.float(t, i)
			if math.Float32bits(v) != math.Float32bits(w) && !(v != v && w != w) {
				t.Errorf("%s[%d] = %v, want %v", name, i, v, w)
			}
		}
	}
	if file.Metadata["format"] != "pt" || file.Metadata["note"] != "a \"quoted\" value, ünïcode" {
		t.Errorf("metadata is %q", file.Metadata)
	}
}

func sameDims(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestFloat16 widens every one of the 65,536 half-precision numbers and
// compares it with the definition: (-1)^sign 2^(exponent - 15) 1.fraction.
func TestFloat16(t *testing.T) {
	for bits := range 1 << 16 {
		exponent, fraction := bits>>10&31, float64(bits&0x3ff)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction/1024, -14)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if bits>>15 == 1 {
			want = -want
		}
		got := fromFloat16(uint16(bits))
		if want != want {
			if got == got {
				t.Errorf("%#04x = %v, want NaN", bits, got)
			}
		} else if math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Errorf("%#04x = %v, want %v", bits, got, want)
		}
	}
}
