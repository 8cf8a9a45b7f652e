package objective

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// shares builds a loss on errors, with weights of the images, and returns the
// weighed sum, its gradient by the errors, and the columns of the curve.
func shares(t *testing.T, objective Objective, errors, reference, labels, factors []float32) (sum float64, gradient []float64, columns map[string][]float32) {
	t.Helper()
	var names []string
	outputs := MustExecOnceN(backendstest.Backend(t), func(in []*Node) []*Node {
		images := Images{Error: in[0], Reference: in[1], Label: in[2]}
		if totaled, ok := objective.(Totaled); ok {
			images.Totals = StopGradient(totaled.Totals(images))
		}
		share := objective.Share(images)
		share.Loss.AssertDims(len(errors))
		total := ReduceAllSum(Mul(share.Loss, in[3]))
		out := []*Node{total, Gradient(total, in[0])[0]}
		names = nil
		for _, value := range share.Values {
			value.Node.AssertDims(len(errors))
			names = append(names, value.Name)
			out = append(out, value.Node)
		}
		return out
	}, errors, reference, labels, factors)
	columns = map[string][]float32{}
	for i, name := range names {
		columns[name] = tensors.MustCopyFlatData[float32](outputs[2+i])
	}
	for _, g := range tensors.MustCopyFlatData[float32](outputs[1]) {
		gradient = append(gradient, float64(g))
	}
	return float64(tensors.ToScalar[float32](outputs[0])), gradient, columns
}

// slope is the derivative of f by each of x, by differences.
func slope(f func(x []float64) float64, x []float32) []float64 {
	at := make([]float64, len(x))
	for i, v := range x {
		at[i] = float64(v)
	}
	const h = 1e-6
	out := make([]float64, len(x))
	for i := range at {
		middle := at[i]
		at[i] = middle + h
		up := f(at)
		at[i] = middle - h
		out[i] = (up - f(at)) / (2 * h)
		at[i] = middle
	}
	return out
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Max(1, math.Abs(want))) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

var (
	someErrors    = []float32{0.20, 0.35, 0.31, 0.30, 0.5, 0.1}
	someReference = []float32{0.25, 0.33, 0.30, 0.32, 0.5, 0.2}
)

// TestDiffusionDPO holds loss, gradient and accuracy against the equation, worked
// out in float64 and by differences.
func TestDiffusionDPO(t *testing.T) {
	const beta = 40
	factors := []float32{1. / 6, 1. / 6, 1. / 6, 1. / 6, 1. / 6, 1. / 6}
	loss := func(errors []float64) float64 {
		sum := 0.0
		for w := 0; w < len(errors); w += 2 {
			l := w + 1
			x := beta / 2. * ((errors[w] - errors[l]) - (float64(someReference[w]) - float64(someReference[l])))
			sum += -math.Log(1/(1+math.Exp(x))) / 3
		}
		return sum
	}
	sum, gradient, columns := shares(t, diffusionDPO{Beta: beta}, someErrors, someReference, []float32{1, -1, 1, -1, 1, -1}, factors)
	var at []float64
	for _, e := range someErrors {
		at = append(at, float64(e))
	}
	near(t, "loss", sum, loss(at), 1e-5)
	for i, want := range slope(loss, someErrors) {
		near(t, fmt.Sprintf("gradient %d", i), gradient[i], want, 1e-4)
	}
	// The first pair moved to its better image, the others away from it.
	if got := fmt.Sprint(columns["accuracy"]); got != "[1 1 0 0 0 0]" {
		t.Errorf("accuracy %s", got)
	}
	if columns["loss"][2] != columns["loss"][3] {
		t.Error("the images of a pair have different losses")
	}
}

// TestDiffusionDPOAtTheStart: log 2, and the gradient beta / 4 away from the worse
// image and towards the better one, whatever the errors are.
func TestDiffusionDPOAtTheStart(t *testing.T) {
	sum, gradient, _ := shares(t, diffusionDPO{Beta: 5000}, someReference, someReference, []float32{1, -1, 1, -1, 1, -1}, []float32{0.5, 0.5, 0, 0, 0, 0})
	near(t, "loss", sum, math.Ln2, 1e-6)
	for i, want := range []float64{1250, -1250, 0, 0, 0, 0} {
		near(t, fmt.Sprintf("gradient %d", i), gradient[i], want, 1e-6)
	}
}

// TestDiffusionDPOFarAway: neither loss nor gradient overflows.
func TestDiffusionDPOFarAway(t *testing.T) {
	sum, gradient, _ := shares(t, diffusionDPO{Beta: 5000}, []float32{3, 0, 0, 3}, []float32{0, 0, 0, 0}, []float32{1, -1, 1, -1}, []float32{0.5, 0.5, 0.5, 0.5})
	near(t, "loss", sum, 7500, 1e-6) // the first pair's; the second's is 0
	for i, want := range []float64{2500, -2500, 0, 0} {
		near(t, fmt.Sprintf("gradient %d", i), gradient[i], want, 1e-6)
	}
}

// TestDiffusionKTO holds loss and gradient against the equation, for both offsets
// and with classes of different weights. The last image belongs to another loss.
func TestDiffusionKTO(t *testing.T) {
	labels := []float32{1, -1, -1, 1, 1, 0}
	factors := []float32{0.2, 0.2, 0.2, 0.2, 0.2, 0}
	for _, k := range []diffusionKTO{
		{Beta: 40, GoodWeight: 1, BadWeight: 1, Offset: offsetBatch},
		{Beta: 40, GoodWeight: 1.5, BadWeight: 0.5, Offset: offsetClasses},
	} {
		gain := func(errors []float64, i int) float64 { return float64(someReference[i]) - errors[i] }
		var at []float64
		for _, e := range someErrors {
			at = append(at, float64(e))
		}
		// The offset is that of the weights as they are: it has no gradient.
		sums, counts := map[float32]float64{}, map[float32]float64{}
		for i, y := range labels {
			sums[y] += gain(at, i)
			counts[y]++
		}
		q := math.Max(0, (sums[1]+sums[-1])/(counts[1]+counts[-1]))
		if k.Offset == offsetClasses {
			q = (sums[1]/counts[1] + sums[-1]/counts[-1]) / 2
		}
		loss := func(errors []float64) float64 {
			sum := 0.0
			for i, y := range labels {
				w := map[float32]float64{1: k.GoodWeight, -1: k.BadWeight}[y]
				sum += float64(factors[i]) * w * (1 - 1/(1+math.Exp(-float64(y)*k.Beta*(gain(errors, i)-q))))
			}
			return sum
		}
		sum, gradient, columns := shares(t, k, someErrors, someReference, labels, factors)
		near(t, k.Offset+": loss", sum, loss(at), 1e-5)
		for i, want := range slope(loss, someErrors) {
			near(t, fmt.Sprintf("%s: gradient %d", k.Offset, i), gradient[i], want, 1e-4)
		}
		if columns["loss"][5] != 0 || columns["accuracy"][0] != 1 {
			t.Errorf("%s: columns %v", k.Offset, columns)
		}
	}
}

// TestDiffusionKTOAtTheStart: half of the weight, pulled towards good images and
// pushed away from bad ones alike.
func TestDiffusionKTOAtTheStart(t *testing.T) {
	sum, gradient, _ := shares(t, diffusionKTO{Beta: 1000, GoodWeight: 1, BadWeight: 1, Offset: offsetBatch},
		someReference, someReference, []float32{1, -1, 0, 0, 0, 0}, []float32{0.5, 0.5, 0, 0, 0, 0})
	near(t, "loss", sum, 0.5, 1e-6)
	for i, want := range []float64{125, -125, 0, 0, 0, 0} {
		near(t, fmt.Sprintf("gradient %d", i), gradient[i], want, 1e-6)
	}
}

// TestDiffusionKTOOfOneClass: a step without good images, or bad ones, has an
// offset, too.
func TestDiffusionKTOOfOneClass(t *testing.T) {
	for _, y := range []float32{1, -1} {
		sum, _, _ := shares(t, diffusionKTO{Beta: 10, GoodWeight: 1, BadWeight: 1, Offset: offsetClasses},
			[]float32{0.1, 0.2}, []float32{0.2, 0.2}, []float32{y, y}, []float32{0.5, 0.5})
		q := 0.05 / 2 // the mean over the class, and 0 for the one that is not there
		want := 0.0
		for _, gain := range []float64{0.1, 0} {
			want += 0.5 * (1 - 1/(1+math.Exp(-float64(y)*10*(gain-q))))
		}
		near(t, "loss", sum, want, 1e-5)
	}
}
