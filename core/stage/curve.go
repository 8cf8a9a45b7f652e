package stage

import (
	"bytes"
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
	"time"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// curve collects what a training reports. It also keeps it in the scratch
// directory, since a training that was killed goes on from its own last state
// and may report only what comes after it. A plugin should report a step before it
// keeps the state after it: then no point of the curve is lost. One that keeps what it
// reported with its state, and reports it again, loses none to damage either; of
// others the training begins anew if points were lost.
type curve struct {
	job    Job
	file   *os.File
	synced time.Time
	points []curvePoint
	last   sdk.Progress
	// after is, where points were damaged in scratch and have not been reported
	// again, the step of the last one before them; else -1.
	after int
}

// errLost says that a training goes on behind points that were lost.
var errLost = errors.New("points of the training curve are lost")

// syncEvery is how much of a curve a power cut may cost.
const syncEvery = 5 * time.Second

type curvePoint struct {
	Step   int                `json:"step"`
	Values map[string]float64 `json:"values"`
}

func openCurve(job Job) (*curve, error) {
	c := &curve{job: job, after: -1}
	spoiled := 0
	path := filepath.Join(job.Scratch, "curve.jsonl")
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var intact []byte
	for line := range bytes.Lines(content) {
		texts, damaged := sealed.Lines(line)
		var point curvePoint
		if len(texts) == 1 && json.Unmarshal(texts[0], &point) == nil {
			c.add(point)
			intact = append(intact, line...)
		} else if damaged > 0 {
			if spoiled++; spoiled == 1 {
				c.after = 0
				if len(c.points) > 0 {
					c.after = c.points[len(c.points)-1].Step
				}
			}
		}
	}
	if spoiled > 0 {
		job.Repaired(fmt.Sprintf("The training curve is damaged (%d points in %s).", spoiled, path))
	}
	if len(intact) < len(content) { // a line that a kill has cut would spoil the next one
		if err := atomicfile.Write(path, intact); err != nil {
			return nil, err
		}
	}
	if c.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, err
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
	if _, err := c.file.Write(sealed.Line(line)); err != nil {
		return err
	}
	if time.Since(c.synced) < syncEvery {
		return nil
	}
	c.synced = time.Now()
	return c.file.Sync()
}

// report takes one report of a training, and ends it if a value is no number.
func (c *curve) report(progress sdk.Progress) error {
	for _, name := range slices.Sorted(maps.Keys(progress.Values)) {
		if value := progress.Values[name]; math.IsNaN(value) || math.IsInf(value, 0) {
			c.job.Report(c.progressOf(progress)) // who follows the run sees where it ended
			return c.diverged(progress, name, value)
		}
	}
	c.last = progress
	if len(progress.Values) > 0 {
		point := curvePoint{Step: progress.Step, Values: maps.Clone(progress.Values)}
		c.add(point)
		if c.after >= 0 && len(c.points) > 1 && point.Step > c.after+1 {
			return errLost
		}
		c.after = -1 // what was lost is reported again
		if err := c.keep(point); err != nil {
			return fmt.Errorf("keep the training curve: %w", err)
		}
	}
	c.job.Report(c.progressOf(progress))
	return nil
}

// progressOf is a report as the stage's progress. A part of a tuning counts the steps of
// the whole, and is over before the last.
func (c *curve) progressOf(p sdk.Progress) Progress {
	total := p.Steps
	work, _ := c.job.Node.Work.(*plan.TuneWork)
	if work != nil && work.Until > 0 {
		total = work.Until
	}
	of := Progress{Done: p.Step, Total: total, Unit: "steps", Values: p.Values}
	if work != nil && p.Step <= work.After { // a part before reported it
		of.Values = nil
	}
	return of
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
