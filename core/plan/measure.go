package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// MeasureWork computes metrics. One type per measure holds what the measure
// needs to know, in one file with the inputs that it reads and the metrics that
// it calls. Names of models, rewards, raters and encoders are in the work, and so
// in the key, because the metrics carry them.
type MeasureWork interface {
	Work
	Measure() metric.Measure
	// Compute reads the inputs and returns the metrics, and the values of each
	// prompt that they came from. seed is of what is drawn.
	Compute(ctx context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error)
}

// DecodeMeasure is the work of a measure stage from its record: the measure, and the
// configuration as the stage's key has it.
func DecodeMeasure(measure string, config []byte) (MeasureWork, error) {
	for _, work := range []MeasureWork{&AlignmentWork{}, &PreferenceWork{}, &StrengthWork{}, &RewardWork{}, &FidelityWork{}, &RewardAccuracyWork{}, &RewardCardWork{}, &BestOfWork{}, &watchMeasure{}} {
		if string(work.Measure()) != measure {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(config))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(work); err != nil {
			return nil, fmt.Errorf("the configuration of a measure %s: %w", measure, err)
		}
		return work, nil
	}
	return nil, fmt.Errorf("this version of Plumb has no measure %q", measure)
}

// Version is that of the code that does a stage, as keys and protocols have it.
func Version(work Work) string {
	_, version := work.kind()
	return version
}

// MeasureInputs finds the tables that a measure reads.
type MeasureInputs struct {
	Path func(role string) (string, error) // of an input's table
	Rows int                               // that have been read
}

// readRows reads the whole table of a role. Tables of labels, scores and features
// are small beside the images they speak of.
func readRows[T any](in *MeasureInputs, role string) ([]T, error) {
	path, err := in.Path(role)
	if err != nil {
		return nil, err
	}
	rows, err := table.ReadAll[T](path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", role, err)
	}
	in.Rows += len(rows)
	return rows, nil
}

// measured is what the metrics of one stage give together.
type measured struct {
	metrics []record.Metric
	values  []dataset.PromptValue
}

func (m *measured) add(metrics []record.Metric, values []dataset.PromptValue, err error) error {
	m.metrics = append(m.metrics, metrics...)
	m.values = append(m.values, values...)
	return err
}
