package train

import (
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Scopes of the optimizer's state in the store, beside the model's weights.
const (
	firstMomentScope  = "/adamw_m"
	secondMomentScope = "/adamw_v"
	averageScope      = "/ema"
	gradientScope     = "/gradient" // summed up over the parts of a step
)

// isState reports whether a variable is optimizer state, not a weight.
func isState(path string) bool {
	for _, scope := range []string{firstMomentScope, secondMomentScope, averageScope, gradientScope} {
		if strings.HasPrefix(path, scope+"/") {
			return true
		}
	}
	return false
}

// adamW adds one step of AdamW (Loshchilov and Hutter 2019, algorithm 2) to
// the graph, with the gradient's global norm clipped first and an exponential
// moving average of the weights after it. It returns the norm before clipping.
//
// learningRate and step (from 1) are scalars, so that the graph is compiled
// once.
//
// GoMLX 0.28 has an AdamW too (optimizer.Adam). It clips each step by value and not
// the gradient by its global norm, keeps no average of the weights, and takes its
// settings from the model's scope.
//
//	g  <- g min(1, clip / (|g| + 1e-6))
//	m  <- beta1 m + (1 - beta1) g
//	v  <- beta2 v + (1 - beta2) g^2
//	w  <- w - learning rate (m' / (sqrt(v') + epsilon) + decay w),  m' = m / (1 - beta1^step), v' likewise
//	average <- d average + (1 - d) w,  d = min(ema decay, (1 + step) / (10 + step))
func adamW(store *model.Store, weights []*model.Variable, gradients []*Node, o Optimizer, learningRate, step *Node) *Node {
	var norm2 *Node
	for _, g := range gradients {
		square := ReduceAllSum(Mul(g, g))
		if norm2 == nil {
			norm2 = square
		} else {
			norm2 = Add(norm2, square)
		}
	}
	norm := Sqrt(norm2)
	var shrink *Node
	if o.GradientClipNorm > 0 {
		one := ScalarOne(norm.Graph(), norm.DType())
		shrink = Min(one, Div(MulScalar(one, o.GradientClipNorm), AddScalar(norm, 1e-6)))
	}
	correction1 := OneMinus(Pow(ConstAs(step, o.Beta1), step))
	correction2 := OneMinus(Pow(ConstAs(step, o.Beta2), step))
	var average *Node
	if o.EMADecay > 0 {
		average = Min(ConstAs(step, o.EMADecay), Div(AddScalar(step, 1), AddScalar(step, 10)))
	}
	for i, v := range weights {
		w, g := v.NodeValue(norm.Graph()), gradients[i]
		if shrink != nil {
			g = Mul(g, shrink)
		}
		m := state(store, firstMomentScope, v, nil)
		s := state(store, secondMomentScope, v, nil)
		newM := Add(MulScalar(m.NodeValue(g.Graph()), o.Beta1), MulScalar(g, 1-o.Beta1))
		newS := Add(MulScalar(s.NodeValue(g.Graph()), o.Beta2), MulScalar(Mul(g, g), 1-o.Beta2))
		m.SetNodeValue(newM)
		s.SetNodeValue(newS)
		update := Div(Div(newM, correction1), AddScalar(Sqrt(Div(newS, correction2)), o.Epsilon))
		if o.WeightDecay > 0 {
			update = Add(update, MulScalar(w, o.WeightDecay))
		}
		newW := Sub(w, Mul(update, learningRate))
		v.SetNodeValue(newW)
		if average != nil {
			e := state(store, averageScope, v, v)
			old := e.NodeValue(g.Graph())
			e.SetNodeValue(Add(old, Mul(Sub(newW, old), OneMinus(average))))
		}
	}
	return norm
}
