// Package train is the training loop that all models share: batches in, AdamW
// with warm-up, clipping and a moving average, a training curve out. A loop
// that was killed goes on where it last saved, with the same numbers as if it
// had never been killed, because what is random in a step depends on the seed
// and the step's number alone.
//
// The package refuses to know the model and the loss: both come as a graph
// function.
package train

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Loop is one training job.
type Loop struct {
	Backend   compute.Backend
	Store     *model.Store // the weights; new ones are made by Loss
	Steps     int          // of the whole job
	Optimizer Optimizer

	// Loss builds the objective: a scalar to descend, and values to record,
	// each scalar or [n]. Its inputs are what Batch gives.
	Loss func(inputs []*Node) (objective *Node, values []*Node)
	// Batch makes the inputs of a step, counted from 0: the same for the same
	// step, whatever was asked before.
	Batch func(step int) ([]any, error)
	// Parts is in how many parts a step is worked through, so that a large batch
	// fits into memory: the gradients of the parts are summed up, and so are
	// their objectives. 0 and 1 mean that there is one. Part then takes the
	// place of Batch and makes the inputs of a part, counted from 0.
	Parts int
	Part  func(step, part int) ([]any, error)
	// Values names and reduces what Loss records, for the training curve; that
	// of a step's parts comes one after the other.
	Values func(step int, values [][]float32) map[string]float64

	Scratch  string // where to save unfinished state; empty: nowhere
	Identity string // of the job: saved state of another is not used
	// Until is the step after which Run ends, as if the rest were to come; 0: the last.
	Until int
	// State is a directory to save the state after the last step in, and Resume one that
	// such a state is in: it must be that of the same job, with paths or without. Empty:
	// none.
	State, Resume string
	// SaveEvery is how much work a kill may cost; 0 means that saving may take a
	// twentieth of the time, but at least a second of work and at most 45.
	SaveEvery time.Duration
	// Advice is a sentence about what else can be done about training that
	// diverged; may be empty.
	Advice string
}

// The bounds of the default of Loop.SaveEvery, and how many times longer than a save
// the work between two is at least.
const (
	leastSaveEvery, mostSaveEvery = time.Second, 45 * time.Second
	saveShare                     = 20
)

// saveEvery is how long to work before the next save, after one that took some time.
func (l *Loop) saveEvery(took time.Duration) time.Duration {
	if l.SaveEvery != 0 {
		return l.SaveEvery
	}
	return min(max(saveShare*took, leastSaveEvery), mostSaveEvery)
}

// Run trains. The result is in the store.
func (l *Loop) Run(ctx context.Context, report func(sdk.Progress) error) error {
	var reported reports // of the steps that are finished
	if l.Scratch != "" {
		reported = restore(ctx, l.Store, l.Scratch, l.Identity)
	}
	if l.Resume != "" && reported.steps == 0 {
		var err error
		if reported, err = resume(l.Store, l.Resume); err != nil {
			return fmt.Errorf("go on from %s: %w", l.Resume, err)
		}
	}
	// Whoever listens may have lost what was reported before: all of it comes again.
	if err := reported.each(report); err != nil {
		return err
	}
	step := reported.steps
	steps, err := l.steps()
	if err != nil {
		return fmt.Errorf("build training step: %w", err)
	}
	defer steps.close()
	saved, every := time.Now(), l.saveEvery(0)
	var before *float64 // the step's objective
	for ; step < l.until(); step++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		rate := l.Optimizer.Rate(step, l.Steps)
		numbers, err := steps.run(ctx, step, rate)
		if err != nil {
			return err
		}
		objective, norm := float64(numbers[0][0]), float64(numbers[1][0])
		if !finite(objective) || !finite(norm) {
			return l.diverged(step, objective, norm, before)
		}
		before = &objective
		values := map[string]float64{"loss": objective, "gradient_norm": norm, "learning_rate": rate}
		if l.Values != nil {
			for name, value := range l.Values(step, numbers[2:]) {
				values[name] = value
			}
		}
		progress := sdk.Progress{Step: step + 1, Steps: l.Steps, Values: values}
		if err := report(progress); err != nil {
			return err
		}
		if l.Scratch == "" && l.State == "" {
			continue
		}
		if err := reported.add(progress); err != nil {
			return err
		}
		if l.Scratch != "" && time.Since(saved) > every {
			begun := time.Now()
			if err := save(l.Store, l.Scratch, l.Identity, reported); err != nil {
				return err
			}
			saved = time.Now()
			every = l.saveEvery(saved.Sub(begun))
		}
	}
	if l.State == "" {
		return nil
	}
	return save(l.Store, l.State, "", reported)
}

// until is the number of steps after which Run ends.
func (l *Loop) until() int {
	if l.Until > 0 {
		return min(l.Until, l.Steps)
	}
	return l.Steps
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
