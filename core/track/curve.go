package track

import (
	"fmt"
	"time"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Curve is numbers over the steps of a training that has ended.
type Curve struct {
	Stage   string // as the item calls it, such as "tune/full"
	Version string // another whenever the points are
	Rows    int
	read    func() ([]Point, error)
}

// Points reads the curve.
func (c Curve) Points() ([]Point, error) { return c.read() }

// reported is what a training reported, as its record has it.
func (d *describer) reported(stage string, made *record.Record, output record.Output) Curve {
	return Curve{Stage: stage, Version: stage + " " + output.Digest, Rows: output.Rows, read: func() ([]Point, error) {
		path, err := d.Open(output)
		if err != nil {
			return nil, fmt.Errorf("open the curve of %s: %w", stage, err)
		}
		return readCurve(path, stage, made)
	}}
}

// readCurve reads a table of a curve. The times of its points are not in it: they are
// spread evenly over the stage's, and so are the same whenever it is read.
func readCurve(path, stage string, made *record.Record) ([]Point, error) {
	rows, err := table.ReadAll[dataset.CurvePoint](path)
	if err != nil {
		return nil, fmt.Errorf("read the curve of %s: %w", stage, err)
	}
	last := int32(1)
	for _, row := range rows {
		last = max(last, row.Step)
	}
	points := make([]Point, len(rows))
	for i, row := range rows {
		at := time.Duration(made.Seconds * float64(row.Step) / float64(last) * float64(time.Second))
		points[i] = Point{Key: curveKey(stage, row.Name), Step: int64(row.Step), Time: made.Started.Add(at).Truncate(time.Millisecond), Value: row.Value}
	}
	return points, nil
}

// curveKey is what a value that a training reports is called.
func curveKey(stage, name string) string { return stage + "/" + name }
