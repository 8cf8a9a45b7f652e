package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// convolution is a 3x3 convolution in plain Go.
func convolution(x, w array) array {
	batch, height, width, in, out := x.dims[0], x.dims[1], x.dims[2], x.dims[3], w.dims[3]
	y := array{dims: []int{batch, height, width, out}, data: make([]float32, batch*height*width*out)}
	for b := range batch {
		for v := range height {
			for u := range width {
				for o := range out {
					var sum float64
					for i := range 3 {
						for j := range 3 {
							row, column := v+i-1, u+j-1
							if row < 0 || row >= height || column < 0 || column >= width {
								continue
							}
							for c := range in {
								sum += float64(x.data[((b*height+row)*width+column)*in+c]) * float64(w.data[((i*3+j)*in+c)*out+o])
							}
						}
					}
					y.data[((b*height+v)*width+u)*out+o] = float32(sum)
				}
			}
		}
	}
	return y
}

// TestWindowLoweringsAgree holds the two lowerings together for every window, on
// values and on gradients, on sizes that halve evenly and on others. Matrix products
// in strips are for the go backend's memory, and are tested there.
func TestWindowLoweringsAgree(t *testing.T) {
	for _, window := range []Window{Pointwise, Same3x3, Halve3x3, HalveFar, {Size: 3, Stride: 1}, {Size: 3, Stride: 3, Before: 2}} {
		for _, size := range [][2]int{{4, 6}, {7, 5}, {3, 8}} {
			x, w := random(1, 2, size[0], size[1], 3), random(2, window.Size, window.Size, 3, 4)
			limits := map[string]int{"": stripLimit}
			if backendstest.Name() == backends.Go {
				limits["in strips"] = 2 * size[1] * 3 * window.Size * window.Size * 2 // some two rows
				limits["in rows"] = 1
			}
			forms := slices.Sorted(maps.Keys(limits))
			got := run(t, model.NewStore(), func(inputs []*Node) []*Node {
				lowered := []*Node{convNative(inputs[0], inputs[1], window, window)}
				for _, form := range forms {
					lowered = append(lowered, convByMatMul(inputs[0], inputs[1], window, window, limits[form]))
				}
				var outputs []*Node
				for _, y := range lowered {
					pull := AddScalar(Sin(IotaFull(y.Graph(), y.Shape())), 0.3)
					outputs = append(outputs, y)
					outputs = append(outputs, Gradient(ReduceAllSum(Mul(y, pull)), inputs[0], inputs[1])...)
				}
				return outputs
			}, x, w)
			for i, what := range []string{"value", "gradient of the image", "gradient of the weight"} {
				for form, by := range forms {
					expect(t, fmt.Sprintf("%+v on %v: %s %s", window, size, what, by), got[3*(1+form)+i], got[i], 1e-5)
				}
			}
		}
	}
}

// TestConvLoweringsAgree holds the native convolution and the matrix product
// together, on values and on gradients, and both to a plain loop.
func TestConvLoweringsAgree(t *testing.T) {
	for _, size := range [][5]int{{2, 4, 5, 3, 6}, {1, 8, 8, 4, 4}, {3, 1, 1, 2, 2}, {1, 1, 3, 1, 5}} {
		batch, height, width, in, out := size[0], size[1], size[2], size[3], size[4]
		x, w := random(1, batch, height, width, in), random(2, 3, 3, in, out)
		pull := random(3, batch, height, width, out) // the gradient of what comes after
		both := func(inputs []*Node) []*Node {
			var outputs []*Node
			for _, y := range []*Node{convNative(inputs[0], inputs[1], Same3x3, Same3x3), convByMatMul(inputs[0], inputs[1], Same3x3, Same3x3, stripLimit)} {
				outputs = append(outputs, y)
				outputs = append(outputs, Gradient(ReduceAllSum(Mul(y, inputs[2])), inputs[0], inputs[1])...)
			}
			return outputs
		}
		got := run(t, model.NewStore(), both, x, w, pull)
		for i, what := range []string{"value", "gradient of the image", "gradient of the weight"} {
			expect(t, what, got[3+i], got[i], 1e-5)
		}
		expect(t, "against a plain loop", got[3], convolution(x, w), 1e-5)
		// The derivative along a direction, by central differences.
		along := random(4, 3, 3, in, out)
		var want, slope float64
		for i, d := range along.data {
			want += float64(d) * float64(got[5].data[i])
		}
		const step = 1e-2
		shifted := func(sign float32) float64 {
			moved := array{w.dims, append([]float32{}, w.data...)}
			for i, d := range along.data {
				moved.data[i] += sign * step * d
			}
			var sum float64
			for i, v := range convolution(x, moved).data {
				sum += float64(v) * float64(pull.data[i])
			}
			return sum
		}
		slope = (shifted(1) - shifted(-1)) / (2 * step)
		if math.Abs(slope-want) > 1e-3*math.Max(1, math.Abs(want)) {
			t.Errorf("size %v: along a direction the gradient says %v, differences say %v", size, want, slope)
		}
	}
}

// TestConvAgainstTorch: torch's images are [batch, channels, height, width] and
// its kernels [out, in, 3, 3].
func TestConvAgainstTorch(t *testing.T) {
	tensors := golden(t)
	x, w, bias, want := tensors["conv.x"], tensors["conv.weight"], tensors["conv.bias"], tensors["conv.pad1"]
	store := model.NewStore()
	got := run(t, store, func(inputs []*Node) []*Node {
		store.VariableWithValue("/c.weight", turn(array{w.Dims, w.Data}, 2, 3, 1, 0).tensor())
		store.VariableWithValue("/c.bias", array{bias.Dims, bias.Data}.tensor())
		return []*Node{Conv3x3(LoadedParams(store).In("c"), inputs[0], 5, FanIn(2))}
	}, turn(array{x.Dims, x.Data}, 0, 2, 3, 1))[0]
	expect(t, "convolution", turn(got, 0, 3, 1, 2), array{want.Dims, want.Data}, 1e-5)
}

// turn permutes the four axes of an array.
func turn(a array, axes ...int) array {
	var strides, dims [4]int
	stride := 1
	for i := 3; i >= 0; i-- {
		strides[i] = stride
		stride *= a.dims[i]
	}
	for i, axis := range axes {
		dims[i] = a.dims[axis]
	}
	out := array{dims: dims[:]}
	for i := range dims[0] {
		for j := range dims[1] {
			for k := range dims[2] {
				for l := range dims[3] {
					out.data = append(out.data, a.data[i*strides[axes[0]]+j*strides[axes[1]]+k*strides[axes[2]]+l*strides[axes[3]]])
				}
			}
		}
	}
	return out
}
