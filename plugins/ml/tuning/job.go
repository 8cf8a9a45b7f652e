package tuning

import (
	"context"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/loss"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Job is a fine-tuning.
type Job struct {
	Batch Batch
	// Inputs makes what the network needs of a chunk: always as many tensors,
	// over its examples. It may change the slots' factors.
	Inputs func(slots []Slot) ([]any, error)
	// Predict builds the network's answer to Inputs, and what it should have
	// been: [examples, ...] each, float32.
	Predict func(inputs []*Node) (prediction, target *Node)
}

// Run trains by the sum of the losses,
//
//	sum over losses of weight * mean over its images of factor * denoising loss
//
// in loop, of which it fills in what depends on the job.
func (j *Job) Run(ctx context.Context, loop *train.Loop, report func(sdk.Progress) error) error {
	loop.Parts = j.Batch.Parts()
	loop.Batch = func(step int) ([]any, error) { return j.part(step, 0) }
	loop.Part = j.part
	loop.Values = func(_ int, each [][]float32) map[string]float64 { return j.Batch.values(each) }
	loop.Loss = j.loss
	return loop.Run(ctx, report)
}

// part makes the inputs of a part, chunk after chunk.
func (j *Job) part(step, part int) ([]any, error) {
	var inputs []any
	for chunk := range j.Batch.chunks() {
		slots := j.Batch.Slots(step, part, chunk)
		more, err := j.Inputs(slots)
		if err != nil {
			return nil, err
		}
		factors := make([]float32, len(slots))
		for i, slot := range slots {
			factors[i] = float32(slot.Factor)
		}
		inputs = append(append(inputs, more...), tensors.FromFlatDataAndDimensions(factors, len(slots)))
	}
	return inputs, nil
}

// loss builds the objective of a part, and the denoising losses of its examples.
func (j *Job) loss(inputs []*Node) (objective *Node, values []*Node) {
	width := len(inputs) / j.Batch.chunks()
	for chunk := range j.Batch.chunks() {
		in := inputs[chunk*width : (chunk+1)*width]
		prediction, target := j.Predict(in[:width-1])
		each := loss.Denoising(prediction, target)
		sum := ReduceAllSum(Mul(each, in[width-1]))
		if objective == nil {
			objective = sum
		} else {
			objective = Add(objective, sum)
		}
		values = append(values, each)
	}
	return objective, values
}
