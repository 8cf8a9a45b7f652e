package objective

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/train"
)

// totals computes the sums over a step that is worked through in parts: forward,
// with the weights as they are before it.
type totals struct {
	job  *Job
	exec *model.Exec
	step int // that sums are of; -1: none
	sums []float32
}

func (j *Job) newTotals(loop *train.Loop) (*totals, error) {
	t := &totals{job: j, step: -1}
	var err error
	t.exec, err = model.NewExec(loop.Backend, loop.Store, func(_ *model.Scope, in []*Node) []*Node {
		return []*Node{j.sums(j.chunks(in))}
	})
	return t, err
}

// of are the sums over a step.
func (t *totals) of(step int) (*tensors.Tensor, error) {
	if t.step != step {
		t.step, t.sums = -1, nil
		for part := range t.job.Step.Parts() {
			inputs, err := t.job.inputs(step, part)
			if err != nil {
				return nil, err
			}
			outputs, err := t.exec.Exec(inputs...)
			if err != nil {
				return nil, fmt.Errorf("sums over training step %d: %w", step+1, err)
			}
			numbers := tensors.MustCopyFlatData[float32](outputs[0])
			if t.sums == nil {
				t.sums = make([]float32, len(numbers))
			}
			for i, number := range numbers {
				t.sums[i] += number
			}
			for _, output := range outputs {
				output.MustFinalizeAll()
			}
			for _, input := range inputs {
				if tensor, ok := input.(*tensors.Tensor); ok {
					tensor.MustFinalizeAll()
				}
			}
		}
		t.step = step
	}
	return tensors.FromFlatDataAndDimensions(slices.Clone(t.sums), len(t.sums)), nil
}

func (t *totals) close() { t.exec.Finalize() }
