package train

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestOverwrittenWeights: a step computes with the weights that the step before it has
// left, also where the backend writes these over the old ones and has kernels of its
// own for large products: a loop that goes on has the losses of one that is stopped
// after every step and reads its weights anew.
func TestOverwrittenWeights(t *testing.T) {
	const batch, width, hidden, steps = 64, 160, 640, 4
	loopOf := func(store *model.Store) *Loop {
		l := network(t, store)
		l.Steps, l.Optimizer.WarmupSteps, l.Optimizer.LearningRate = steps, 0, 0.01
		l.Batch = func(step int) ([]any, error) {
			random := rand.New(rand.NewPCG(1, uint64(step)))
			x := make([]float32, batch*width)
			for i := range x {
				x[i] = float32(random.NormFloat64())
			}
			return []any{tensors.FromFlatDataAndDimensions(x, batch, width)}, nil
		}
		l.Loss = func(inputs []*Node) (*Node, []*Node) {
			p := nn.NewParams(store, 3)
			x := nn.ReLU(nn.Dense(p.In("in"), inputs[0], hidden, nn.FanIn(2)))
			x = nn.ReLU(nn.Dense(p.In("middle"), x, hidden, nn.FanIn(2)))
			difference := Sub(nn.Dense(p.In("out"), x, width, nn.FanIn(2)), inputs[0])
			return ReduceAllMean(Mul(difference, difference)), nil
		}
		return l
	}
	var want, got []float64
	scratch := t.TempDir()
	for len(want) < steps {
		ctx, cancel := context.WithCancel(t.Context())
		loop := loopOf(model.NewStore())
		loop.Scratch, loop.SaveEvery = scratch, time.Nanosecond
		err := loop.Run(ctx, func(p sdk.Progress) error {
			if p.Step > len(want) {
				want = append(want, p.Values["loss"])
				cancel()
			}
			return nil
		})
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if err := loopOf(model.NewStore()).Run(t.Context(), func(p sdk.Progress) error {
		got = append(got, p.Values["loss"])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("step %d has the loss %v, and with weights that were read anew %v", i+1, got[i], want[i])
		}
	}
}
