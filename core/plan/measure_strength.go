package plan

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// StrengthWork places the models of an evaluation on one scale, by raters' choices
// between their images.
type StrengthWork struct {
	Models   []string `json:"models"`
	Baseline string   `json:"baseline,omitempty"`
	Rater    string   `json:"rater"`
	Pairs    int      `json:"pairs"` // of models that were compared
}

var _ MeasureWork = (*StrengthWork)(nil)

func preferencesOf(pair int) string { return fmt.Sprintf("%s %d", Preferences, pair+1) }

func (e *evaluation) strength() {
	work := &StrengthWork{Baseline: e.baselineName(), Rater: raterName(e.Preference.Rater)}
	for _, model := range e.Models {
		work.Models = append(work.Models, model.Name())
	}
	var inputs []Input
	for i, pair := range e.Compared() {
		inputs = append(inputs, Input{preferencesOf(i), e.preferred(pair[0], pair[1]), Preferences})
	}
	work.Pairs = len(inputs)
	e.measure(work, "", e.Preference.Range, inputs)
}

func (*StrengthWork) kind() (record.Kind, string) { return record.KindMeasure, "1" }
func (*StrengthWork) items() (int, string)        { return 0, "pairs" }

// Measure implements MeasureWork.
func (*StrengthWork) Measure() metric.Measure { return metric.MeasureStrength }

// Compute implements MeasureWork.
func (w *StrengthWork) Compute(_ context.Context, in *MeasureInputs, _ uint64) ([]record.Metric, []dataset.PromptValue, error) {
	of := metric.StrengthInput{Models: w.Models, Baseline: w.Baseline, Rater: w.Rater}
	for pair := range w.Pairs {
		choices, err := readRows[table.Preference](in, preferencesOf(pair))
		if err != nil {
			return nil, nil, err
		}
		of.Choices = append(of.Choices, choices)
	}
	metrics, err := metric.Strengths(of)
	return metrics, nil, err
}
