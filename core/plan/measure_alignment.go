package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// AlignmentWork measures what raters say of a model's images, against what they
// say of the baseline's.
type AlignmentWork struct {
	Subject  string `json:"subject"`
	Baseline string `json:"baseline,omitempty"` // empty for the baseline itself, and where there is none
	Rater    string `json:"rater"`
}

var _ MeasureWork = (*AlignmentWork)(nil)

const baselineLabels = "baseline labels"

func (e *evaluation) alignment(model spec.Model) {
	work := &AlignmentWork{Subject: model.Name(), Baseline: e.against(model), Rater: e.judge()}
	inputs := []Input{{Labels, e.rated(model), Labels}}
	if work.Baseline != "" {
		inputs = append(inputs, Input{baselineLabels, e.rated(e.Baseline), Labels})
	}
	e.measure(work, work.Subject, e.Alignment.Range, inputs)
}

func (*AlignmentWork) kind() (record.Kind, string) { return record.KindMeasure, "5" }
func (*AlignmentWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*AlignmentWork) Measure() metric.Measure { return metric.MeasureAlignment }

// Compute implements MeasureWork.
func (w *AlignmentWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	labels, err := readRows[table.Label](in, Labels)
	if err != nil {
		return nil, nil, err
	}
	var baseline []table.Label
	if w.Baseline != "" {
		if baseline, err = readRows[table.Label](in, baselineLabels); err != nil {
			return nil, nil, err
		}
	}
	var m measured
	err = m.add(metric.Alignment(metric.AlignmentInput{
		Model: w.Subject, Baseline: w.Baseline, ModelLabels: labels, BaselineLabels: baseline, Rater: w.Rater, Seed: seed,
	}))
	if err != nil {
		return nil, nil, err
	}
	err = m.add(metric.Agreement(metric.AgreementInput{Subject: w.Subject, Rater: w.Rater, Labels: labels}))
	return m.metrics, m.values, err
}
