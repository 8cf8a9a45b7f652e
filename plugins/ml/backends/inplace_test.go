//go:build cgo && !windows

package backends

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/go-xla/stablehlo"
	"github.com/gomlx/go-xla/types/shapes"
)

// TestOverwrite: in a step of an optimizer each new value takes the place of its own
// old one, although all of them have one shape; what is not given away keeps its
// place, and so does what has another shape.
func TestOverwrite(t *testing.T) {
	must := func(value *stablehlo.Value, err error) *stablehlo.Value {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	step := func(donated ...bool) []any {
		main := stablehlo.New("step").Main()
		vector, other := shapes.Make(dtypes.Float32, 4), shapes.Make(dtypes.Float32, 2)
		input := func(name string, shape shapes.Shape) *stablehlo.Value { return must(main.NamedInput(name, shape)) }
		average, moment, weight, gradient, unused := input("average", vector), input("moment", vector), input("weight", vector), input("gradient", vector), input("unused", other)
		newMoment := must(stablehlo.Add(must(stablehlo.Multiply(moment, moment)), gradient))
		newWeight := must(stablehlo.Subtract(weight, must(stablehlo.Multiply(newMoment, newMoment))))
		newAverage := must(stablehlo.Add(average, must(stablehlo.Subtract(newWeight, average))))
		_ = unused
		if err := main.Return(newWeight, newMoment, newAverage); err != nil {
			t.Fatal(err)
		}
		overwrite(main, donated)
		var places []any
		for _, value := range main.Inputs {
			places = append(places, value.Attributes[aliasAttribute])
		}
		return places
	}
	for _, test := range []struct {
		donated []bool
		want    []any // of average, moment, weight, gradient, unused
	}{
		{[]bool{true, true, true, false, true}, []any{int32(2), int32(1), int32(0), nil, nil}},
		{[]bool{false, true, true, false, false}, []any{nil, int32(1), int32(0), nil, nil}},
		{[]bool{false, false, false, false, false}, []any{nil, nil, nil, nil, nil}},
		{nil, []any{nil, nil, nil, nil, nil}},
	} {
		got := step(test.donated...)
		for i := range test.want {
			if got[i] != test.want[i] {
				t.Errorf("given away %v: outputs %v take their places, want %v", test.donated, got, test.want)
				break
			}
		}
	}
}
