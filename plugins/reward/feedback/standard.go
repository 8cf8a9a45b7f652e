package feedback

import (
	"fmt"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// standard shifts and scales each of a head's inputs: (x - mean) / deviation.
type standard struct {
	mean, deviation []float32 // [width]
}

// Names of the tensors in a checkpoint.
const (
	meanTensor      = "input.mean"
	deviationTensor = "input.deviation"
)

// smallest deviation that is scaled up: below it a number counts as constant.
const smallest = 1e-6

// unchanged leaves inputs as they are.
func unchanged(width int) *standard {
	return &standard{mean: make([]float32, width), deviation: slices.Repeat([]float32{1}, width)}
}

// measure finds the means and (population) deviations of the examples' inputs.
// What is the same everywhere is shifted to 0 and not scaled.
func measure(in inputs, examples []example, texts [][]float32) *standard {
	width := in.width()
	rows := make([]float32, len(examples)*width)
	for i, e := range examples {
		in.write(e.image, texts[e.text], rows[i*width:(i+1)*width])
	}
	s := unchanged(width)
	n := float64(len(examples))
	for i := range width {
		var sum, squares float64
		for at := i; at < len(rows); at += width {
			sum += float64(rows[at])
		}
		mean := sum / n
		for at := i; at < len(rows); at += width {
			squares += (float64(rows[at]) - mean) * (float64(rows[at]) - mean)
		}
		s.mean[i] = float32(mean)
		if deviation := math.Sqrt(squares / n); deviation > smallest {
			s.deviation[i] = float32(deviation)
		}
	}
	return s
}

// apply standardizes a row of inputs in place.
func (s *standard) apply(row []float32) {
	for i, v := range row {
		row[i] = (v - s.mean[i]) / s.deviation[i]
	}
}

// store adds the numbers to a checkpoint's tensors.
func (s *standard) store(tensors map[string]safetensors.Tensor) {
	tensors[meanTensor] = safetensors.Tensor{Dims: []int{len(s.mean)}, Data: s.mean}
	tensors[deviationTensor] = safetensors.Tensor{Dims: []int{len(s.deviation)}, Data: s.deviation}
}

// standardOf takes the numbers out of a checkpoint's tensors.
func standardOf(file *safetensors.File, width int) (*standard, error) {
	s := &standard{mean: file.Tensors[meanTensor].Data, deviation: file.Tensors[deviationTensor].Data}
	if len(s.mean) != width || len(s.deviation) != width {
		return nil, fmt.Errorf("tensors %q and %q have %d and %d numbers, expected %d", meanTensor, deviationTensor, len(s.mean), len(s.deviation), width)
	}
	if i := slices.IndexFunc(s.deviation, func(d float32) bool { return !(d > 0) }); i >= 0 {
		return nil, fmt.Errorf("tensor %q: number %d is %v, not above 0", deviationTensor, i, s.deviation[i])
	}
	delete(file.Tensors, meanTensor)
	delete(file.Tensors, deviationTensor)
	return s, nil
}
