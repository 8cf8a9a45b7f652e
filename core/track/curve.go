package track

import (
	"fmt"
	"time"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Curve is what a training reported, in the store.
type Curve struct {
	Stage  string // as the item calls it, such as "tune/full": its keys begin with it
	Output record.Output

	started time.Time
	seconds float64
	open    func(record.Output) (string, error)
}

// Points reads the curve. The times of points are not in it: they are spread evenly
// over the stage's, and so are the same whenever it is read.
func (c Curve) Points() ([]Point, error) {
	path, err := c.open(c.Output)
	if err != nil {
		return nil, fmt.Errorf("open the curve of %s: %w", c.Stage, err)
	}
	rows, err := table.ReadAll[dataset.CurvePoint](path)
	if err != nil {
		return nil, fmt.Errorf("read the curve of %s: %w", c.Stage, err)
	}
	last := int32(1)
	for _, row := range rows {
		last = max(last, row.Step)
	}
	points := make([]Point, len(rows))
	for i, row := range rows {
		at := time.Duration(c.seconds * float64(row.Step) / float64(last) * float64(time.Second))
		points[i] = Point{Key: curveKey(c.Stage, row.Name), Step: int64(row.Step), Time: c.started.Add(at).Truncate(time.Millisecond), Value: row.Value}
	}
	return points, nil
}

// curveKey is what a value that a training reports is called.
func curveKey(stage, name string) string { return stage + "/" + name }
