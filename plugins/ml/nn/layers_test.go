package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// golden reads testdata/ops.safetensors: single operations of torch 1.13.1 and
// diffusers 0.20.2.
func golden(t *testing.T) map[string]safetensors.Tensor {
	t.Helper()
	file, err := safetensors.Read("testdata/ops.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return file.Tensors
}

// scattered initializes biases and scales too, so that leaving one out shows.
func scattered(random *rand.Rand, _ []int, out []float32) {
	for i := range out {
		out[i] = float32(random.NormFloat64())
	}
}

// fill gives the store's weights scattered values, by layer and name.
func fill(store *model.Store, names map[string][]int) {
	for path, dims := range names {
		source := rand.New(rand.NewPCG(uint64(len(path)), uint64(path[len(path)-1])))
		a := array{dims: dims, data: make([]float32, safetensors.Size(dims))}
		scattered(source, dims, a.data)
		store.VariableWithValue(path, a.tensor())
	}
}

// dense is y = x W + b in plain Go; b may be empty.
func dense(x, w, b array) array {
	in, out := w.dims[0], w.dims[1]
	rows := len(x.data) / in
	y := array{dims: append(append([]int{}, x.dims[:len(x.dims)-1]...), out), data: make([]float32, rows*out)}
	for r := range rows {
		for o := range out {
			var sum float64
			for i := range in {
				sum += float64(x.data[r*in+i]) * float64(w.data[i*out+o])
			}
			if len(b.data) > 0 {
				sum += float64(b.data[o])
			}
			y.data[r*out+o] = float32(sum)
		}
	}
	return y
}

func TestDense(t *testing.T) {
	store := model.NewStore()
	fill(store, map[string][]int{"/d.weight": {7, 5}, "/d.bias": {5}})
	for _, x := range []array{random(1, 7), random(2, 4, 7), random(3, 2, 3, 7), random(4, 1, 2, 3, 7)} {
		got := run(t, store, func(inputs []*Node) []*Node {
			p := LoadedParams(store).In("d")
			return []*Node{Dense(p, inputs[0], 5, FanIn(1)), Linear(p, inputs[0], 5, FanIn(1))}
		}, x)
		w, b := weight(t, store, "/d.weight"), weight(t, store, "/d.bias")
		expect(t, "dense", got[0], dense(x, w, b), 1e-5)
		expect(t, "linear", got[1], dense(x, w, array{}), 1e-5)
	}
}

func TestLayerNorm(t *testing.T) {
	store := model.NewStore()
	fill(store, map[string][]int{"/n.weight": {6}, "/n.bias": {6}})
	x := random(1, 2, 3, 6)
	for i := range x.data[:18] {
		x.data[i] = 0.01 + 2e-3*x.data[i] // flat, so that epsilon matters
	}
	got := run(t, store, func(inputs []*Node) []*Node {
		return []*Node{LayerNorm(LoadedParams(store).In("n"), inputs[0])}
	}, x)[0]
	scale, shift := weight(t, store, "/n.weight"), weight(t, store, "/n.bias")
	want := array{dims: x.dims, data: make([]float32, len(x.data))}
	for row := 0; row < len(x.data); row += 6 {
		var mean, variance float64
		for _, v := range x.data[row : row+6] {
			mean += float64(v) / 6
		}
		for _, v := range x.data[row : row+6] {
			variance += (float64(v) - mean) * (float64(v) - mean) / 6
		}
		for i := range 6 {
			normal := (float64(x.data[row+i]) - mean) / math.Sqrt(variance+1e-5)
			want.data[row+i] = float32(normal*float64(scale.data[i]) + float64(shift.data[i]))
		}
	}
	expect(t, "layer norm", got, want, 1e-5)
}

func TestLayerNormAgainstTorch(t *testing.T) {
	tensors := golden(t)
	x, want := tensors["ln.x_small"], tensors["ln.out_eps1e-5"]
	store := model.NewStore()
	for _, name := range []string{"weight", "bias"} {
		shared := tensors["gn."+name] // torch's layer norm ran with the weights of its group norm
		store.VariableWithValue("/n."+name, array{shared.Dims, shared.Data}.tensor())
	}
	got := run(t, store, func(inputs []*Node) []*Node {
		return []*Node{LayerNorm(LoadedParams(store).In("n"), inputs[0])}
	}, array{x.Dims, x.Data})[0]
	expect(t, "layer norm", got, array{want.Dims, want.Data}, 1e-5)
}

func TestTimestepEmbeddingAgainstDiffusers(t *testing.T) {
	tensors := golden(t)
	timesteps := array{tensors["timesteps"].Dims, tensors["timesteps"].Data}
	for name, width := range map[string]int{"time_embedding_16": 16, "time_embedding_320": 320} {
		want := tensors[name]
		both := run(t, model.NewStore(), func(inputs []*Node) []*Node {
			return []*Node{PublishedTimestepEmbedding(inputs[0], width), TimestepEmbedding(inputs[0], width)}
		}, timesteps)
		// An angle of up to 999 is known to 3e-5 in float32.
		expect(t, name, both[0], array{want.Dims, want.Data}, 1e-4)
		expect(t, name, both[1], array{want.Dims, want.Data}, 1e-4)
		// torch's exp is off by a bit for 3 of the 160 frequencies; the rest agrees.
		far := map[int]bool{}
		for i, v := range both[0].data {
			if math.Abs(float64(v)-float64(want.Data[i])) > 1e-5 {
				far[i%(width/2)] = true
			}
		}
		if len(far) > width/100 {
			t.Errorf("%s: the frequencies %v are off by more than 1e-5", name, far)
		}
		got := both[1]
		if got.data[0] != 1 || got.data[width/2] != 0 {
			t.Errorf("%s: at timestep 0 the first half is %v, the second %v: cosines come first", name, got.data[0], got.data[width/2])
		}
	}
}

func TestReLU(t *testing.T) {
	got := run(t, model.NewStore(), func(inputs []*Node) []*Node {
		return []*Node{ReLU(inputs[0]), Gradient(ReduceAllSum(ReLU(inputs[0])), inputs[0])[0]}
	}, array{[]int{4}, []float32{-2, -0.5, 0.5, 3}})
	expect(t, "value", got[0], array{[]int{4}, []float32{0, 0, 0.5, 3}}, 0)
	expect(t, "gradient", got[1], array{[]int{4}, []float32{0, 0, 1, 1}}, 0)
}

// TestSelfAttention compares with softmax(q k^T / sqrt(head)) v, head by head
// in plain Go.
func TestSelfAttention(t *testing.T) {
	const batch, tokens, width, heads, head = 2, 5, 6, 3, 2
	store := model.NewStore()
	fill(store, map[string][]int{
		"/a.query.weight": {width, width}, "/a.key.weight": {width, width}, "/a.value.weight": {width, width}, "/a.out.weight": {width, width},
	})
	x := random(5, batch, tokens, width)
	got := run(t, store, func(inputs []*Node) []*Node {
		return []*Node{SelfAttention(LoadedParams(store).In("a"), inputs[0], heads, FanIn(1))}
	}, x)[0]
	project := func(name string) array { return dense(x, weight(t, store, "/a."+name+".weight"), array{}) }
	query, key, value := project("query"), project("key"), project("value")
	mixed := array{dims: x.dims, data: make([]float32, len(x.data))}
	for b := range batch {
		for h := range heads {
			row := func(a array, token int) []float32 { return a.data[(b*tokens+token)*width+h*head:][:head] }
			for i := range tokens {
				var weights [tokens]float64
				var sum float64
				for j := range tokens {
					var logit float64
					for k, q := range row(query, i) {
						logit += float64(q) * float64(row(key, j)[k]) / math.Sqrt(head)
					}
					weights[j] = math.Exp(logit)
					sum += weights[j]
				}
				for k := range head {
					var v float64
					for j := range tokens {
						v += weights[j] / sum * float64(row(value, j)[k])
					}
					row(mixed, i)[k] = float32(v)
				}
			}
		}
	}
	expect(t, "attention", got, dense(mixed, weight(t, store, "/a.out.weight"), array{}), 1e-5)
}

// TestAttend: with a causal mask a token sees itself and those before it, and
// queries may be fewer than keys.
func TestAttend(t *testing.T) {
	const batch, tokens, others, width, heads = 2, 3, 5, 6, 2
	query, key, value := random(1, batch, tokens, width), random(2, batch, others, width), random(3, batch, others, width)
	attend := func(query, key, value array, causal bool) array {
		return run(t, model.NewStore(), func(inputs []*Node) []*Node {
			var mask *Node
			if causal {
				mask = CausalMask(inputs[0].Graph(), query.dims[1])
			}
			return []*Node{Attend(inputs[0], inputs[1], inputs[2], heads, mask)}
		}, query, key, value)[0]
	}
	// by hand: token 1 of example 1, head 1
	got := attend(query, key, value, false)
	const head = width / heads
	at := func(a array, token int) []float32 { return a.data[(a.dims[1]+token)*width+head:][:head] }
	var weights [others]float64
	var sum float64
	for j := range others {
		var logit float64
		for k, q := range at(query, 1) {
			logit += float64(q) * float64(at(key, j)[k]) / math.Sqrt(head)
		}
		weights[j] = math.Exp(logit)
		sum += weights[j]
	}
	for k := range head {
		var want float64
		for j := range others {
			want += weights[j] / sum * float64(at(value, j)[k])
		}
		if v := at(got, 1)[k]; math.Abs(float64(v)-want) > 1e-5 {
			t.Errorf("number %d is %v, want %v", k, v, want)
		}
	}
	// The first two of five tokens do not see the others.
	long := attend(key, value, value, true)
	cut := func(a array) array {
		out := array{dims: []int{batch, 2, width}}
		for b := range batch {
			out.data = append(out.data, a.data[b*others*width:][:2*width]...)
		}
		return out
	}
	expect(t, "causal", attend(cut(key), cut(value), cut(value), true), cut(long), 1e-6)
	free := attend(key, value, value, false)
	if cut(free).data[0] == cut(long).data[0] {
		t.Error("the mask changes nothing")
	}
}

// TestLayerNormWith: the epsilon counts.
func TestLayerNormWith(t *testing.T) {
	store := model.NewStore()
	fill(store, map[string][]int{"/n.weight": {2}, "/n.bias": {2}})
	scale, shift := weight(t, store, "/n.weight"), weight(t, store, "/n.bias")
	for _, epsilon := range []float64{1e-5, 0.5} {
		got := run(t, store, func(inputs []*Node) []*Node {
			return []*Node{LayerNormWith(LoadedParams(store).In("n"), inputs[0], epsilon)}
		}, array{dims: []int{1, 2}, data: []float32{-1, 1}})[0]
		one := float32(1 / math.Sqrt(1+epsilon))
		want := array{dims: []int{1, 2}, data: []float32{-one*scale.data[0] + shift.data[0], one*scale.data[1] + shift.data[1]}}
		expect(t, "layer norm", got, want, 1e-6)
	}
}
