package bench

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// weights makes those that are needed and fills them, on all cores; without fill
// they are zero, and take no memory until somebody writes to them. They are in the
// host's memory, as those are that are read from files.
func weights(needs []nn.Named, fill func(need nn.Named, out []float32)) (*model.Store, error) {
	values := make([]*tensors.Tensor, len(needs))
	var work sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, need := range needs {
		turns <- struct{}{}
		work.Go(func() {
			defer func() { <-turns }()
			values[i] = tensors.FromShape(shapes.Make(dtypes.Float32, need.Dims...))
			if fill != nil {
				values[i].MustMutableFlatData(func(flat any) { fill(need, flat.([]float32)) })
			}
		})
	}
	work.Wait()
	store := model.NewStore()
	for i, need := range needs {
		if _, err := store.CreateVariable("/"+need.Name, values[i]); err != nil {
			return nil, err
		}
	}
	return store, nil
}

// fill draws weights such that signals neither die nor explode, which would change
// the speed of some processors.
func fill(need nn.Named, out []float32) {
	if len(need.Dims) == 1 { // a bias, or a norm's factor
		value := float32(0)
		if strings.Contains(need.Name, "norm") && strings.HasSuffix(need.Name, "weight") {
			value = 1
		}
		for i := range out {
			out[i] = value
		}
		return
	}
	fanIn := 1
	for _, d := range need.Dims[:len(need.Dims)-1] {
		fanIn *= d
	}
	hash := fnv.New64a()
	hash.Write([]byte(need.Name))
	normals(rand.New(rand.NewPCG(1, hash.Sum64())), 1/math.Sqrt(float64(fanIn)), out)
}

// normals draws from a normal distribution.
func normals(random *rand.Rand, deviation float64, out []float32) {
	for i := range out {
		out[i] = float32(random.NormFloat64() * deviation)
	}
}
