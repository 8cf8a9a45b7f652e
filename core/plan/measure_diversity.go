package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// DiversityWork measures how unlike each other a model's images of one prompt are, beside
// the baseline's.
type DiversityWork struct {
	Subject   string        `json:"subject"`
	Choice    record.Choice `json:"choice,omitempty"`   // record.OtherDraws: real images in the place of a model's
	Baseline  string        `json:"baseline,omitempty"` // empty: compared with none
	Encoder   string        `json:"encoder"`            // as the experiment calls it
	Component string        `json:"component"`          // what the encoder is, with its weights
}

var _ MeasureWork = (*DiversityWork)(nil)

// diversity measures a model's images by the features that its fidelity is measured on.
func (e *evaluation) diversity(model spec.Model) {
	work := &DiversityWork{Subject: model.Name(), Baseline: e.against(model)}
	e.diverse(work, record.Stage{Subject: work.Subject}, work.Subject, e.set(model))
}

// naturalDiversity is that of real images, as many of each prompt as a model draws: what
// the prompts leave open. Images that are there as they are stand for no model's.
func (e *evaluation) naturalDiversity() {
	if e.Fidelity.Sampler == nil {
		return
	}
	about := record.Stage{Subject: e.Fidelity.Sampler.Name, Choice: record.OtherDraws}
	work := &DiversityWork{Subject: about.Subject, Choice: about.Choice}
	e.diverse(work, about, realImages, e.realSet(realImages, record.OtherDraws, e.PerPrompt))
}

func (e *evaluation) diverse(work *DiversityWork, about record.Stage, name string, of imageSet) {
	encoder := e.Fidelity.Encoder
	work.Encoder, work.Component = encoder.Name, e.whatIs(encoder)
	inputs := []Input{{Features, e.encode(encoder, of), Features}, {Images, of.node, Images}}
	if work.Baseline != "" {
		baseline := e.set(e.Baseline)
		inputs = append(inputs, Input{baselineFeatures, e.encode(encoder, baseline), Features}, Input{baselineImages, baseline.node, Images})
	}
	e.measureOf(work, about, name, e.Fidelity.Range, inputs)
}

func (*DiversityWork) kind() (record.Kind, string) { return record.KindMeasure, "1" }
func (*DiversityWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*DiversityWork) Measure() metric.Measure { return metric.MeasureDiversity }

// Compute implements MeasureWork.
func (w *DiversityWork) Compute(ctx context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	of := metric.DiversityInput{
		Model: w.Subject, Choice: w.Choice, Baseline: w.Baseline, Encoder: w.Encoder, Component: w.Component, Seed: seed,
	}
	var err error
	if of.Features, err = readFeatures(ctx, in, Features, Images); err != nil {
		return nil, nil, err
	}
	if w.Baseline != "" {
		if of.BaselineFeatures, err = readFeatures(ctx, in, baselineFeatures, baselineImages); err != nil {
			return nil, nil, err
		}
	}
	return metric.Diversity(of)
}
