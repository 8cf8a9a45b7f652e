package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

func openBackend(t *testing.T) compute.Backend {
	t.Helper()
	return backendstest.Backend(t)
}

// regression is y = x W + b with the squared error: small enough to do by hand.
const (
	rows, inputWidth, outputWidth = 6, 3, 2
)

func regressionBatch(step int) (x, y []float64) {
	random := rand.New(rand.NewPCG(5, uint64(step)))
	for range rows * inputWidth {
		x = append(x, float64(float32(random.NormFloat64())))
	}
	for range rows * outputWidth {
		y = append(y, float64(float32(3*random.NormFloat64())))
	}
	return x, y
}

func narrow(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

// followed is how many steps the reference is followed for.
const followed = 25

// reference is AdamW by the book (Loshchilov and Hutter 2019, algorithm 2), in
// float64: the weights W then b, their moments and their moving average.
type reference struct{ w, m, v, average []float64 }

// step descends once and returns the loss and the gradient's norm.
func (r *reference) step(o Optimizer, step int) (objective, norm float64) {
	x, y := regressionBatch(step)
	gradient := make([]float64, len(r.w))
	for row := range rows {
		for c := range outputWidth {
			residual := r.w[inputWidth*outputWidth+c] - y[row*outputWidth+c]
			for i := range inputWidth {
				residual += x[row*inputWidth+i] * r.w[i*outputWidth+c]
			}
			const n = rows * outputWidth
			objective += residual * residual / n
			for i := range inputWidth {
				gradient[i*outputWidth+c] += 2 * residual * x[row*inputWidth+i] / n
			}
			gradient[inputWidth*outputWidth+c] += 2 * residual / n
		}
	}
	for _, g := range gradient {
		norm += g * g
	}
	norm = math.Sqrt(norm)
	shrink := 1.0
	if o.GradientClipNorm > 0 {
		shrink = math.Min(1, o.GradientClipNorm/(norm+1e-6))
	}
	n := float64(step + 1)
	rate := o.Rate(step, followed)
	for i, g := range gradient {
		g *= shrink
		r.m[i] = o.Beta1*r.m[i] + (1-o.Beta1)*g
		r.v[i] = o.Beta2*r.v[i] + (1-o.Beta2)*g*g
		m, v := r.m[i]/(1-math.Pow(o.Beta1, n)), r.v[i]/(1-math.Pow(o.Beta2, n))
		r.w[i] -= rate * (m/(math.Sqrt(v)+o.Epsilon) + o.WeightDecay*r.w[i])
		if o.EMADecay > 0 {
			d := math.Min(o.EMADecay, (1+n)/(10+n))
			r.average[i] = d*r.average[i] + (1-d)*r.w[i]
		}
	}
	return objective, norm
}

// TestAdamW follows the reference for a while, with every switch on and off.
func TestAdamW(t *testing.T) {
	base := Optimizer{
		LearningRate: 0.05, WarmupSteps: 4, Schedule: "cosine",
		Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
	}
	for _, clip := range []float64{0, 5} {
		for _, decay := range []float64{0, 0.1} {
			for _, average := range []float64{0, 0.6} {
				o := base
				o.GradientClipNorm, o.WeightDecay, o.EMADecay = clip, decay, average
				t.Run(fmt.Sprintf("clip %v decay %v ema %v", clip, decay, average), func(t *testing.T) { followAdamW(t, o) })
			}
		}
	}
}

func followAdamW(t *testing.T, o Optimizer) {
	start := []float64{0.5, -1, 2, 0.25, -0.125, 1, 3, -3}
	ref := &reference{w: append([]float64{}, start...), m: make([]float64, len(start)), v: make([]float64, len(start)), average: append([]float64{}, start...)}
	store := model.NewStore()
	weight := store.VariableWithValue("/linear.weight", tensors.FromFlatDataAndDimensions(narrow(start[:6]), inputWidth, outputWidth))
	bias := store.VariableWithValue("/linear.bias", tensors.FromFlatDataAndDimensions(narrow(start[6:]), outputWidth))
	clipped := 0
	loop := &Loop{
		Backend: openBackend(t), Store: store, Steps: followed, Optimizer: o,
		Batch: func(step int) ([]any, error) {
			x, y := regressionBatch(step)
			return []any{
				tensors.FromFlatDataAndDimensions(narrow(x), rows, inputWidth),
				tensors.FromFlatDataAndDimensions(narrow(y), rows, outputWidth),
			}, nil
		},
		Loss: func(inputs []*Node) (*Node, []*Node) {
			g := inputs[0].Graph()
			y := Add(MatMul(inputs[0], weight.NodeValue(g)), ExpandAxes(bias.NodeValue(g), 0))
			residual := Sub(y, inputs[1])
			return ReduceAllMean(Mul(residual, residual)), []*Node{ReduceMean(residual, 1)}
		},
		Values: func(step int, values [][]float32) map[string]float64 {
			if len(values) != 1 || len(values[0]) != rows {
				t.Errorf("step %d records %v", step, values)
			}
			return map[string]float64{"first": float64(values[0][0])}
		},
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 2e-5*math.Max(1, math.Abs(want))) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	steps := 0
	err := loop.Run(context.Background(), func(p sdk.Progress) error {
		objective, norm := ref.step(o, steps)
		if norm > o.GradientClipNorm && o.GradientClipNorm > 0 {
			clipped++
		}
		steps++
		if p.Step != steps || p.Steps != followed {
			t.Errorf("progress %+v at step %d", p, steps)
		}
		near(fmt.Sprintf("step %d: loss", steps), p.Values["loss"], objective)
		near(fmt.Sprintf("step %d: gradient norm", steps), p.Values["gradient_norm"], norm)
		near(fmt.Sprintf("step %d: learning rate", steps), p.Values["learning_rate"], o.Rate(steps-1, followed))
		if _, ok := p.Values["first"]; !ok {
			t.Error("the recorded value is missing")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if steps != followed {
		t.Errorf("%d steps, want %d", steps, followed)
	}
	if o.GradientClipNorm > 0 && (clipped == 0 || clipped == steps) {
		t.Errorf("%d of %d gradients were clipped; the test needs some of each", clipped, steps)
	}
	compare := func(what string, got []float32, want []float64) {
		t.Helper()
		for i, v := range got {
			near(fmt.Sprintf("%s[%d]", what, i), float64(v), want[i])
		}
	}
	compare("weight", tensorOf(weight).Data, ref.w[:6])
	compare("bias", tensorOf(bias).Data, ref.w[6:])
	compare("first moment", tensorOf(store.GetVariable(firstMomentScope+"/linear.weight")).Data, ref.m[:6])
	compare("second moment", tensorOf(store.GetVariable(secondMomentScope+"/linear.bias")).Data, ref.v[6:])
	final := Tensors(store)
	if len(final) != 2 {
		t.Errorf("the checkpoint would hold %d tensors, want 2", len(final))
	}
	want := ref.w
	if o.EMADecay > 0 {
		want = ref.average
	}
	compare("checkpoint's weight", final["linear.weight"].Data, want[:6])
	compare("checkpoint's bias", final["linear.bias"].Data, want[6:])
}
