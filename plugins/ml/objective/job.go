package objective

import (
	"context"
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Job is a fine-tuning of a policy by the sum of its losses,
//
//	sum over losses of weight * mean over its images of factor * loss
type Job struct {
	Policy Policy
	Step   Step

	columns [][]string // of the training curve, by term; known when the graph is built
	totals  *totals    // nil unless a loss asks for sums over a step in parts
}

// Run trains in loop, of which it fills in what depends on the job.
func (j *Job) Run(ctx context.Context, loop *train.Loop, report func(sdk.Progress) error) error {
	if err := j.Step.check(); err != nil {
		return err
	}
	if j.needsReference() {
		if err := j.Policy.Freeze(); err != nil {
			return fmt.Errorf("freeze the reference: %w", err)
		}
	}
	if j.totaled() && j.Step.Parts() > 1 {
		var err error
		if j.totals, err = j.newTotals(loop); err != nil {
			return fmt.Errorf("build the sums over a training step: %w", err)
		}
		defer j.totals.close()
	}
	loop.Parts = j.Step.Parts()
	loop.Batch = func(step int) ([]any, error) { return j.part(step, 0) }
	loop.Part = j.part
	loop.Values = func(_ int, each [][]float32) map[string]float64 { return j.Step.values(j.columns, each) }
	loop.Loss = j.loss
	return loop.Run(ctx, report)
}

// needsReference reports whether a loss compares the network with a frozen one.
func (j *Job) needsReference() bool {
	for _, t := range j.Step.Terms {
		if kind, _ := kindOf(t.Name); slices.Contains(kind.Needs, sdk.NeedReference) {
			return true
		}
	}
	return false
}

// part makes the inputs of a part: those of its chunks, one after the other, and
// the sums over the step, if its losses ask for them and it has several parts.
func (j *Job) part(step, part int) ([]any, error) {
	inputs, err := j.inputs(step, part)
	if err != nil || j.totals == nil {
		return inputs, err
	}
	sums, err := j.totals.of(step)
	if err != nil {
		return nil, err
	}
	return append(inputs, sums), nil
}

// inputs are, of every chunk of a part, what the policy makes of its images, their
// factors, [terms, images], and their labels, alike.
func (j *Job) inputs(step, part int) ([]any, error) {
	var inputs []any
	for chunk := range j.Step.chunks() {
		rows := j.Step.rows(step, part, chunk)
		more, timestepFactors, err := j.Policy.Inputs(drawsOf(rows))
		if err != nil {
			return nil, err
		}
		terms := len(j.Step.Terms)
		factors, labels := make([]float32, terms*len(rows)), make([]float32, terms*len(rows))
		for i, r := range rows {
			if timestepFactors != nil {
				r.factor *= timestepFactors[i]
			}
			factors[r.term*len(rows)+i], labels[r.term*len(rows)+i] = float32(r.factor), float32(r.label)
		}
		inputs = append(append(inputs, more...),
			tensors.FromFlatDataAndDimensions(factors, terms, len(rows)),
			tensors.FromFlatDataAndDimensions(labels, terms, len(rows)))
	}
	return inputs, nil
}

// chunk is a chunk of a part in a graph.
type chunk struct {
	images  []Images // as each term sees them
	factors *Node    // [terms, images]
}

// chunks builds the errors of the images of a part. inputs are those of Job.inputs.
func (j *Job) chunks(inputs []*Node) []chunk {
	chunks := make([]chunk, j.Step.chunks())
	width := len(inputs) / len(chunks)
	for c := range chunks {
		in := inputs[c*width : (c+1)*width]
		factors, labels := in[width-2], in[width-1]
		prediction, target := j.Policy.Predict(in[:width-2])
		shared := Images{Error: Denoising(prediction, target)}
		if j.needsReference() {
			shared.Reference = StopGradient(Denoising(j.Policy.Reference(in[:width-2]), target))
		}
		chunks[c] = chunk{factors: factors}
		for term := range j.Step.Terms {
			images := shared
			images.Label = ofTerm(labels, term)
			chunks[c].images = append(chunks[c].images, images)
		}
	}
	return chunks
}

// ofTerm is a term's row of a [terms, images] node.
func ofTerm(x *Node, term int) *Node {
	return Reshape(Slice(x, AxisElem(term), AxisRange()), x.Shape().Dimensions[1])
}

// loss builds the objective of a part, and the values of its images for the curve.
func (j *Job) loss(inputs []*Node) (objective *Node, values []*Node) {
	var sums *Node // over the step, of all terms that have some
	if j.totals != nil {
		sums, inputs = inputs[len(inputs)-1], inputs[:len(inputs)-1]
	}
	chunks := j.chunks(inputs)
	if j.totaled() && sums == nil {
		sums = j.sums(chunks)
	}
	j.columns = make([][]string, len(j.Step.Terms))
	for c, chunk := range chunks {
		var share *Node // of each image in the objective
		next := 0       // among the sums
		for term, t := range j.Step.Terms {
			images := chunk.images[term]
			if totaled, ok := t.Objective.(Totaled); ok {
				images.Totals = StopGradient(Slice(sums, AxisRange(next, next+totaled.Sums())))
				next += totaled.Sums()
			}
			of := t.Objective.Share(images)
			weighed := Mul(of.Loss, ofTerm(chunk.factors, term))
			if share == nil {
				share = weighed
			} else {
				share = Add(share, weighed)
			}
			for _, value := range of.Values {
				values = append(values, value.Node)
				if c == 0 {
					j.columns[term] = append(j.columns[term], j.Step.column(value.Name, term))
				}
			}
		}
		sum := ReduceAllSum(share)
		if objective == nil {
			objective = sum
		} else {
			objective = Add(objective, sum)
		}
	}
	return objective, values
}

// totaled reports whether a loss asks for sums over a step.
func (j *Job) totaled() bool {
	for _, t := range j.Step.Terms {
		if _, ok := t.Objective.(Totaled); ok {
			return true
		}
	}
	return false
}

// sums builds the sums over a part that its losses ask for, one term's after the
// other's.
func (j *Job) sums(chunks []chunk) *Node {
	var all *Node
	for _, chunk := range chunks {
		var of []*Node
		for term, t := range j.Step.Terms {
			if totaled, ok := t.Objective.(Totaled); ok {
				of = append(of, totaled.Totals(chunk.images[term]))
			}
		}
		one := Concatenate(of, 0)
		if all == nil {
			all = one
		} else {
			all = Add(all, one)
		}
	}
	return all
}
