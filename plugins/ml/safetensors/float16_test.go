package safetensors

import (
	"math"
	"strings"
	"testing"
)

// TestToFloat16 goes through all of them: each is itself when it is written, what
// lies between two neighbours goes to the nearer, and the middle to the even one.
func TestToFloat16(t *testing.T) {
	for bits := range uint32(1 << 16) {
		value := fromFloat16(uint16(bits))
		if value != value {
			if got, ok := toFloat16(value); !ok || fromFloat16(got) == fromFloat16(got) {
				t.Errorf("NaN %04x becomes %04x", bits, got)
			}
			continue
		}
		if got, ok := toFloat16(value); !ok || uint32(got) != bits {
			t.Fatalf("%v is %04x and becomes %04x, %v", value, bits, got, ok)
		}
		if bits&0x7fff >= 0x7bff { // the largest, and the infinities
			continue
		}
		next := fromFloat16(uint16(bits + 1))
		middle := (value + next) / 2
		even := uint16(bits + bits&1)
		for v, want := range map[float32]uint16{
			middle:                             even,
			math.Nextafter32(middle, value):    uint16(bits),
			math.Nextafter32(middle, 2*next):   uint16(bits + 1),
			math.Nextafter32(value, 2*next):    uint16(bits),
			math.Nextafter32(next, value):      uint16(bits + 1),
			value + 0.25*(next-value):          uint16(bits),
			value + float32(0.75)*(next-value): uint16(bits + 1),
		} {
			if got, ok := toFloat16(v); !ok || got != want {
				t.Fatalf("%v becomes %04x, want %04x", v, got, want)
			}
		}
	}
	for _, v := range []float32{65520, -65520, math.MaxFloat32} {
		if got, ok := toFloat16(v); ok {
			t.Errorf("%v becomes %04x", v, got)
		}
	}
	if got, ok := toFloat16(math.Nextafter32(65520, 0)); !ok || got != 0x7bff {
		t.Errorf("what rounds to 65504 becomes %04x, %v", got, ok)
	}
}

func TestWriteFloat16(t *testing.T) {
	path := t.TempDir() + "/half.safetensors"
	file := &File{
		Tensors:  map[string]Tensor{"half": {Dims: []int{3, 2}, Data: []float32{1, 2, 0.1, -4, 5, 65504}}, "whole": {Dims: []int{1}, Data: []float32{0.1}}},
		Integers: map[string]Integers{"n": {DType: I32, Dims: []int{2}, Data: []int64{7, -8}}},
		Types:    map[string]DType{"half": F16},
	}
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if info, _ := r.Info("half"); info.String() != "F16 [3 2]" {
		t.Errorf("half is %s", info)
	}
	rows, err := r.Rows("half", 1, 2)
	if err != nil || len(rows.Dims) != 2 || rows.Dims[0] != 2 || rows.Data[0] != 0.099975586 || rows.Data[3] != 65504 {
		t.Errorf("rows %+v, %v", rows, err)
	}
	if none, err := r.Rows("half", 3, 0); err != nil || len(none.Data) != 0 {
		t.Errorf("no rows are %+v, %v", none, err)
	}
	if n, err := r.Integers("n"); err != nil || n.Data[1] != -8 {
		t.Errorf("integers %+v, %v", n, err)
	}
	for _, test := range []struct {
		name        string
		from, count int
		want        string
	}{{"half", 2, 2, "no rows 2 to 4"}, {"half", -1, 1, "no rows"}, {"half", 1, -1, "no rows"}, {"n", 0, 1, "not rows"}, {"other", 0, 1, `"other" is missing`}} {
		if _, err := r.Rows(test.name, test.from, test.count); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("rows %d of %s: %v", test.from, test.name, err)
		}
	}
	if _, err := r.Integers("half"); err == nil || !strings.Contains(err.Error(), "not whole numbers") {
		t.Errorf("integers of half: %v", err)
	}
	file.Tensors["half"].Data[0] = 1e6
	if err := file.Write(path); err == nil || !strings.Contains(err.Error(), `"half"`) || !strings.Contains(err.Error(), "beyond the range of F16") {
		t.Errorf("too large a number: %v", err)
	}
	file.Types["half"] = BF16
	if err := file.Write(path); err == nil || !strings.Contains(err.Error(), `"BF16"`) {
		t.Errorf("BF16: %v", err)
	}
}
