package stage

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// curve collects what a training reports. It also keeps it in the scratch
// directory, since a training that was killed goes on from its own last state
// and reports only what comes after it. A plugin should report a step before it
// keeps the state after it: then no point of the curve is lost.
type curve struct {
	job    Job
	file   *os.File
	points []curvePoint
	last   sdk.Progress
}

type curvePoint struct {
	Step   int                `json:"step"`
	Values map[string]float64 `json:"values"`
}

func openCurve(job Job) (*curve, error) {
	c := &curve{job: job}
	path := filepath.Join(job.Scratch, "curve.jsonl")
	if data, err := os.ReadFile(path); err == nil {
		scanner := bufio.NewScanner(strings.NewReader(string(data)))
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			var point curvePoint
			if json.Unmarshal(scanner.Bytes(), &point) != nil {
				break // a kill may have cut the last line
			}
			c.add(point)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	if c.file, err = os.Create(path); err != nil {
		return nil, err
	}
	for _, point := range c.points {
		if err := c.keep(point); err != nil {
			return nil, errors.Join(err, c.file.Close())
		}
	}
	return c, nil
}

// add appends a point. A training that went back some steps to its last state
// reports them again: the new report counts.
func (c *curve) add(point curvePoint) {
	for len(c.points) > 0 && c.points[len(c.points)-1].Step >= point.Step {
		c.points = c.points[:len(c.points)-1]
	}
	c.points = append(c.points, point)
}

func (c *curve) keep(point curvePoint) error {
	line, err := json.Marshal(point)
	if err != nil {
		return err
	}
	_, err = c.file.Write(append(line, '\n'))
	return err
}

// report takes one report of a training, and ends it if a value is no number.
func (c *curve) report(progress sdk.Progress) error {
	for _, name := range slices.Sorted(maps.Keys(progress.Values)) {
		if value := progress.Values[name]; math.IsNaN(value) || math.IsInf(value, 0) {
			return c.diverged(progress, name, value)
		}
	}
	c.last = progress
	if len(progress.Values) > 0 {
		point := curvePoint{Step: progress.Step, Values: maps.Clone(progress.Values)}
		c.add(point)
		if err := c.keep(point); err != nil {
			return fmt.Errorf("keep the training curve: %w", err)
		}
	}
	c.job.Report(Progress{Done: progress.Step, Total: progress.Steps, Unit: "steps", Values: progress.Values})
	return nil
}

func (c *curve) diverged(progress sdk.Progress, name string, value float64) error {
	before := "No step before it was reported."
	if n := len(c.points); n > 0 {
		var values []string
		for _, name := range slices.Sorted(maps.Keys(c.points[n-1].Values)) {
			values = append(values, fmt.Sprintf("%s %.4g", name, c.points[n-1].Values[name]))
		}
		before = fmt.Sprintf("The last good report was at step %d: %s.", c.points[n-1].Step, strings.Join(values, ", "))
	}
	return diag.Errorf(c.job.Node.Range,
		fmt.Sprintf("%s: %s is %v at step %d of %d", c.job.Node.Name, name, value, progress.Step, progress.Steps),
		"%s The training has diverged. Lower learning_rate (a third is a good first try), or raise warmup_steps; "+
			"gradient_clip_norm = 1 guards against single bad batches.", before)
}

// finish writes the curve as a table.
func (c *curve) finish(result *Result) error {
	var rows []dataset.CurvePoint
	for _, point := range c.points {
		for _, name := range slices.Sorted(maps.Keys(point.Values)) {
			rows = append(rows, dataset.CurvePoint{Step: int32(point.Step), Name: name, Value: point.Values[name]})
		}
	}
	if err := table.WriteAll(c.job.tablePath(plan.Curve), rows); err != nil {
		return err
	}
	result.Items, result.Unit = c.last.Step, "steps"
	return c.job.table(result, plan.Curve, len(rows))
}

func (c *curve) close() error { return c.file.Close() }
