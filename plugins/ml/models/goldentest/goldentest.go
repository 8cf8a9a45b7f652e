// Package goldentest holds what the tests of models share: running a network
// on numbers that other people's code computed, and comparing with theirs.
//
// Images in the files have their channels first; ours have them last.
package goldentest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// Backend opens the pure-Go backend, one for all tests of a process.
func Backend(t testing.TB) compute.Backend {
	t.Helper()
	return backendstest.Backend(t)
}

// Read reads a file of tensors.
func Read(t testing.TB, path string) *safetensors.File {
	t.Helper()
	file, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// ChannelsLast is [batch, height, width, channels] of [batch, channels, height,
// width].
func ChannelsLast(x safetensors.Tensor) safetensors.Tensor {
	batch, channels, positions := x.Dims[0], x.Dims[1], x.Dims[2]*x.Dims[3]
	return swapped(x, []int{batch, x.Dims[2], x.Dims[3], channels}, batch, channels, positions)
}

// ChannelsFirst is the reverse of ChannelsLast.
func ChannelsFirst(x safetensors.Tensor) safetensors.Tensor {
	batch, channels, positions := x.Dims[0], x.Dims[3], x.Dims[1]*x.Dims[2]
	return swapped(x, []int{batch, channels, x.Dims[1], x.Dims[2]}, batch, positions, channels)
}

// swapped exchanges the two last axes of [batch, rows, columns].
func swapped(x safetensors.Tensor, dims []int, batch, rows, columns int) safetensors.Tensor {
	out := safetensors.Tensor{Dims: dims, Data: make([]float32, len(x.Data))}
	for b := range batch {
		for i := range rows {
			for j := range columns {
				out.Data[(b*columns+j)*rows+i] = x.Data[(b*rows+i)*columns+j]
			}
		}
	}
	return out
}

// Floats are a tensor of whole numbers as float32.
func Floats(x safetensors.Integers) safetensors.Tensor {
	out := safetensors.Tensor{Dims: x.Dims, Data: make([]float32, len(x.Data))}
	for i, v := range x.Data {
		out.Data[i] = float32(v)
	}
	return out
}

// OnDevice is a tensor for a graph.
func OnDevice(x safetensors.Tensor) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(slices.Clone(x.Data), x.Dims...)
}

// OnHost is a graph's result.
func OnHost(x *tensors.Tensor) safetensors.Tensor {
	return safetensors.Tensor{Dims: slices.Clone(x.Shape().Dimensions), Data: tensors.MustCopyFlatData[float32](x)}
}

// Run builds a graph on the weights in store and executes it once.
func Run(t testing.TB, store *model.Store, build func(inputs []*Node) []*Node, inputs ...safetensors.Tensor) []safetensors.Tensor {
	t.Helper()
	exec, err := model.NewExec(Backend(t), store, func(_ *model.Scope, inputs []*Node) []*Node { return build(inputs) })
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	return Call(t, exec, inputs...)
}

// Call executes a graph.
func Call(t testing.TB, exec *model.Exec, inputs ...safetensors.Tensor) []safetensors.Tensor {
	t.Helper()
	var args []any
	for _, input := range inputs {
		args = append(args, OnDevice(input))
	}
	outputs, err := exec.Exec(args...)
	if err != nil {
		t.Fatal(err)
	}
	var results []safetensors.Tensor
	for _, output := range outputs {
		results = append(results, OnHost(output))
	}
	return results
}

// Expect compares tensors up to tolerance, absolutely, and returns the largest
// difference.
func Expect(t testing.TB, what string, got, want safetensors.Tensor, tolerance float64) float64 {
	t.Helper()
	if !slices.Equal(got.Dims, want.Dims) {
		t.Errorf("%s: shape %v, want %v", what, got.Dims, want.Dims)
		return math.Inf(1)
	}
	worst, index := 0.0, 0
	for i, w := range want.Data {
		if d := math.Abs(float64(got.Data[i]) - float64(w)); !(d <= worst) {
			worst, index = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: element %d is %v, want %v: they differ by %.2g, more than %.2g", what, index, got.Data[index], want.Data[index], worst, tolerance)
	}
	return worst
}

// Statistics are what is left of a tensor that is too large to keep.
type Statistics struct {
	Shape  []int     `json:"shape"`
	Mean   float64   `json:"mean"`
	Std    float64   `json:"std"` // of the population
	AbsMax float64   `json:"absmax"`
	Places []int     `json:"at_index"`
	Values []float64 `json:"at_value"`
}

// ExpectStatistics compares a tensor with what is left of another.
func ExpectStatistics(t testing.TB, what string, got safetensors.Tensor, want Statistics, tolerance float64) {
	t.Helper()
	if !slices.Equal(got.Dims, want.Shape) {
		t.Errorf("%s: shape %v, want %v", what, got.Dims, want.Shape)
		return
	}
	var sum, squares, largest float64
	for _, v := range got.Data {
		sum += float64(v)
		largest = math.Max(largest, math.Abs(float64(v)))
	}
	mean := sum / float64(len(got.Data))
	for _, v := range got.Data {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	near := func(name string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= tolerance) {
			t.Errorf("%s: %s is %v, want %v", what, name, got, want)
		}
	}
	near("the mean", mean, want.Mean)
	near("the standard deviation", math.Sqrt(squares/float64(len(got.Data))), want.Std)
	near("the largest value", largest, want.AbsMax)
	for i, index := range want.Places {
		near(fmt.Sprintf("element %d", index), float64(got.Data[index]), want.Values[i])
	}
}
