package pretrained

import (
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// Published models have the layout of torch: a matrix is [out, in], a kernel is
// [out, in, height, width]. Ours are [in, out] and [height, width, in, out], so
// that products need no transpose while a model runs. A weight is turned once,
// when it is read or written.

// toOurs and toTheirs are where the axes of a weight come from, by its rank; a
// weight of another rank stays as it is.
var (
	toOurs   = map[int][]int{2: {1, 0}, 4: {2, 3, 1, 0}}
	toTheirs = map[int][]int{2: {1, 0}, 4: {3, 2, 0, 1}}
)

// turned is dims with its axes in another order.
func turned(dims []int, order []int) []int {
	if order == nil {
		return dims
	}
	out := make([]int, len(dims))
	for i, axis := range order {
		out[i] = dims[axis]
	}
	return out
}

// turn is the tensor with its axes in another order.
func turn(t safetensors.Tensor, order []int) safetensors.Tensor {
	if order == nil {
		return t
	}
	strides := make([]int, len(t.Dims))
	stride := 1
	for i := len(t.Dims) - 1; i >= 0; i-- {
		strides[i] = stride
		stride *= t.Dims[i]
	}
	out := safetensors.Tensor{Dims: turned(t.Dims, order), Data: make([]float32, 0, len(t.Data))}
	if len(t.Data) == 0 {
		return out
	}
	steps := turned(strides, order)
	last := len(order) - 1
	place := make([]int, len(order))
	for from := 0; ; {
		for i, at := 0, from; i < out.Dims[last]; i, at = i+1, at+steps[last] {
			out.Data = append(out.Data, t.Data[at])
		}
		axis := last - 1
		for ; axis >= 0; axis-- {
			place[axis]++
			from += steps[axis]
			if place[axis] < out.Dims[axis] {
				break
			}
			from -= place[axis] * steps[axis]
			place[axis] = 0
		}
		if axis < 0 {
			return out
		}
	}
}
