package clipmodel

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// compiled is a network for any number of examples, which runs on a fixed number at a
// time: it is compiled once, and an example's numbers do not depend on how many others
// there are.
type compiled struct {
	exec  *model.Exec
	batch int
}

func compile(backend compute.Backend, store *model.Store, build func(p nn.Params, inputs []*Node) *Node) (*compiled, error) {
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, inputs []*Node) *Node {
		return build(nn.LoadedParams(store), inputs)
	})
	if err != nil {
		return nil, err
	}
	return &compiled{exec: exec, batch: batchFor(backend)}, nil
}

func (c *compiled) close() { c.exec.Finalize() }

// run returns the flat output for each of count examples. inputs makes the inputs for
// the examples from start to end, filled up to a batch.
func (c *compiled) run(ctx context.Context, count int, inputs func(start, end, batch int) []any) ([][]float32, error) {
	rows := make([][]float32, 0, count)
	for start := 0; start < count; start += c.batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := min(start+c.batch, count)
		arguments := inputs(start, end, c.batch)
		outputs, err := c.exec.Exec(arguments...)
		for _, argument := range arguments {
			argument.(*tensors.Tensor).MustFinalizeAll()
		}
		if err != nil {
			return nil, fmt.Errorf("run CLIP: %w", err)
		}
		flat := tensors.MustCopyFlatData[float32](outputs[0])
		outputs[0].MustFinalizeAll()
		width := len(flat) / c.batch
		for i := range end - start {
			rows = append(rows, flat[i*width:(i+1)*width])
		}
	}
	return rows, nil
}

// batchFor is the number of examples at a time. On the pure-Go backend larger
// batches are no faster, and filling one up costs time.
func batchFor(backend compute.Backend) int {
	if backend.String() == backends.Go {
		return 1
	}
	return 32
}
