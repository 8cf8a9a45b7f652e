package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// keep takes a checkpoint of those of a tuning's steps, and the curve up to the last of
// them that was tuned.
func keep(_ context.Context, job Job, work *plan.KeepWork) (*Result, error) {
	path, err := job.input(plan.Verdict)
	if err != nil {
		return nil, err
	}
	verdict, err := plan.VerdictAt(path)
	if err != nil {
		return nil, err
	}
	step := verdict.Last
	if work.Keep == spec.KeepBest {
		step = verdict.Chosen
	}
	checkpoint, err := job.takeDirectory(plan.Checkpoint, work.Checkpoint(int(step)))
	if err != nil {
		return nil, err
	}
	result := &Result{
		Outputs: map[string]record.Output{plan.Checkpoint: checkpoint}, Unit: "steps", Items: int(step),
		Facts: map[string]float64{record.KeptStep: float64(step), record.LastStep: float64(verdict.Last)},
	}
	return result, job.joinCurves(result, work, int(verdict.Last))
}

// joinCurves writes the points of all parts. A part that reports those before it, too,
// says the same of them.
func (job Job) joinCurves(result *Result, work *plan.KeepWork, last int) error {
	var points []dataset.CurvePoint
	for _, step := range work.Steps {
		if step > last {
			break
		}
		path, err := job.input(work.Curve(step))
		if err != nil {
			return err
		}
		rows, err := table.ReadAll[dataset.CurvePoint](path)
		if err != nil {
			return fmt.Errorf("read the curve of step %d: %w", step, err)
		}
		if len(rows) == 0 {
			continue
		}
		for len(points) > 0 && points[len(points)-1].Step >= rows[0].Step {
			points = points[:len(points)-1]
		}
		points = append(points, rows...)
	}
	if err := table.WriteAll(job.tablePath(plan.Curve), points); err != nil {
		return err
	}
	return job.table(result, plan.Curve, len(points))
}

// takeDirectory makes an input's directory an output of this stage.
func (job Job) takeDirectory(role, from string) (record.Output, error) {
	source, err := job.input(from)
	if err != nil {
		return record.Output{}, err
	}
	if err := os.CopyFS(job.Outputs.Dir(role), os.DirFS(source)); err != nil {
		return record.Output{}, fmt.Errorf("take %s over: %w", from, err)
	}
	return job.Outputs.PutDir(role)
}

// takeTable makes an input's table an output of this stage.
func (job Job) takeTable(result *Result, role, from string) error {
	source, err := job.input(from)
	if err != nil {
		return err
	}
	rows, err := table.Rows(source)
	if err == nil {
		err = copyFile(job.tablePath(role), source)
	}
	if err != nil {
		return fmt.Errorf("take %s over: %w", from, err)
	}
	return job.table(result, role, rows)
}

func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
