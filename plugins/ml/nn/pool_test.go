package nn

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// TestPools compares with plain loops, for framed windows and others.
func TestPools(t *testing.T) {
	for _, window := range []Window{{Size: 3, Stride: 2}, Same3x3, {Size: 2, Stride: 2}, {Size: 3, Stride: 2, Before: 1, After: 1}, {Size: 2, Stride: 1, After: 1}} {
		x := random(1, 2, 7, 6, 3)
		for i := range x.data {
			x.data[i] -= 2 // a frame of zeros would show
		}
		height, width := window.positions(7+window.Before+window.After), window.positions(6+window.Before+window.After)
		largest := array{dims: []int{2, height, width, 3}}
		mean := array{dims: largest.dims}
		for b := range 2 {
			for v := range height {
				for u := range width {
					for c := range 3 {
						most, sum, count := math.Inf(-1), 0.0, 0
						for i := range window.Size {
							for j := range window.Size {
								row, column := v*window.Stride+i-window.Before, u*window.Stride+j-window.Before
								if row < 0 || row >= 7 || column < 0 || column >= 6 {
									continue
								}
								value := float64(x.data[((b*7+row)*6+column)*3+c])
								most, sum, count = max(most, value), sum+value, count+1
							}
						}
						largest.data = append(largest.data, float32(most))
						mean.data = append(mean.data, float32(sum/float64(count)))
					}
				}
			}
		}
		got := run(t, model.NewStore(), func(inputs []*Node) []*Node {
			return []*Node{PoolMax(inputs[0], window), PoolMean(inputs[0], window)}
		}, x)
		expect(t, "largest", got[0], largest, 0)
		expect(t, "mean", got[1], mean, 1e-6)
	}
}

// TestConvAxes: kernels that are not square, in both lowerings.
func TestConvAxes(t *testing.T) {
	row, column := Window{Size: 7, Stride: 1, Before: 3, After: 3}, Window{Size: 2, Stride: 2}
	x := random(1, 2, 6, 9, 3)
	for _, windows := range [][2]Window{{Pointwise, row}, {row, Pointwise}, {column, row}, {Same3x3, column}} {
		down, across := windows[0], windows[1]
		w := random(2, down.Size, across.Size, 3, 4)
		got := run(t, model.NewStore(), func(inputs []*Node) []*Node {
			return []*Node{
				convNative(inputs[0], inputs[1], down, across),
				convByMatMul(inputs[0], inputs[1], down, across, stripLimit),
				convByMatMul(inputs[0], inputs[1], down, across, 1),
			}
		}, x, w)
		expect(t, "at once", got[1], got[0], 1e-5)
		expect(t, "row by row", got[2], got[0], 1e-5)
	}
}
