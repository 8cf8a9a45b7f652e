package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// PreferenceWork measures how raters choose between two models' images.
type PreferenceWork struct {
	Subject string `json:"subject"`
	Versus  string `json:"versus"`
	Rater   string `json:"rater"`
}

var _ MeasureWork = (*PreferenceWork)(nil)

func (e *evaluation) preference(model, versus spec.Model) {
	work := &PreferenceWork{Subject: model.Name(), Versus: versus.Name(), Rater: raterName(e.Preference.Rater)}
	about := record.Stage{Subject: work.Subject, Versus: work.Versus}
	e.measureOf(work, about, work.Subject+"/"+work.Versus, e.Preference.Range, []Input{{Preferences, e.preferred(model, versus), Preferences}})
}

func (*PreferenceWork) kind() (record.Kind, string) { return record.KindMeasure, "1" }
func (*PreferenceWork) items() (int, string)        { return 0, "pairs" }

// Measure implements MeasureWork.
func (*PreferenceWork) Measure() metric.Measure { return metric.MeasurePreference }

// Compute implements MeasureWork.
func (w *PreferenceWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	choices, err := readRows[table.Preference](in, Preferences)
	if err != nil {
		return nil, nil, err
	}
	return metric.Preference(metric.PreferenceInput{Model: w.Subject, Versus: w.Versus, Choices: choices, Rater: w.Rater, Seed: seed})
}
