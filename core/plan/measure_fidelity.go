package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// FidelityWork measures how far a model's images are from real ones, and how much
// farther than the baseline's.
type FidelityWork struct {
	Subject   string        `json:"subject"`
	Step      int           `json:"step,omitempty"`      // of a finetune while it is tuned
	Choice    record.Choice `json:"choice,omitempty"`    // record.OtherDraws: real images in the place of a model's
	Baseline  string        `json:"baseline,omitempty"`  // empty: compared with none
	Encoder   string        `json:"encoder"`             // as the experiment calls it
	Component string        `json:"component"`           // what the encoder is, with its weights
	AlsoRead  []string      `json:"also_read,omitempty"` // rewards that read the same features
	Reference string        `json:"reference"`           // the images that are compared with
	// HeldOut: the subject's images are held out of the reference, as many as the
	// inputs have.
	HeldOut bool `json:"held_out,omitempty"`
}

var _ MeasureWork = (*FidelityWork)(nil)

const (
	baselineFeatures  = "baseline features"
	baselineImages    = "baseline images"
	referenceFeatures = "reference features"
	referenceImages   = "reference images"
)

func (e *evaluation) fidelity(model spec.Model) {
	work := &FidelityWork{Subject: model.Name(), Baseline: e.against(model)}
	e.distance(work, record.Stage{Subject: work.Subject}, work.Subject, e.set(model))
}

// floor measures real images as if they were a model's: what a distance is where
// nothing is wrong, with as many images. Of a sampler these are other draws; of a
// set of images some are held out.
func (e *evaluation) floor() {
	about := record.Stage{Subject: e.reference().about.Subject, Choice: record.OtherDraws}
	work := &FidelityWork{Subject: about.Subject, Choice: about.Choice}
	if e.Fidelity.Sampler == nil {
		work.HeldOut = true
		e.distance(work, about, realImages, e.set(e.Models[0]))
		return
	}
	work.Baseline = e.baselineName()
	e.distance(work, about, realImages, e.realSet(realImages, record.OtherDraws, e.PerPrompt))
}

// realImages is what stages call the real images that stand for a model's.
const realImages = "real"

func (e *evaluation) distance(work *FidelityWork, about record.Stage, name string, of imageSet) {
	encoder := e.Fidelity.Encoder
	reference := e.reference()
	work.Encoder, work.Component, work.AlsoRead, work.Reference = encoder.Name, e.whatIs(encoder), e.readersOf(encoder), reference.about.Subject
	var baseline *imageSet
	if work.Baseline != "" {
		set := e.set(e.Baseline)
		baseline = &set
	}
	e.measureOf(work, about, name, e.Fidelity.Range, e.distanceInputs(encoder, of, reference, baseline))
}

// distanceInputs are the features of images, of a reference, and of a baseline, which may
// be nil. Rows of features know their image only by its ID: the images tables say which
// prompt each was drawn for.
func (b *builder) distanceInputs(encoder *spec.Component, of, reference imageSet, baseline *imageSet) []Input {
	inputs := []Input{
		{Features, b.encode(encoder, of), Features}, {Images, of.node, Images},
		{referenceFeatures, b.encode(encoder, reference), Features}, {referenceImages, reference.node, Images},
	}
	if baseline != nil {
		inputs = append(inputs, Input{baselineFeatures, b.encode(encoder, *baseline), Features}, Input{baselineImages, baseline.node, Images})
	}
	return inputs
}

// reference is what the images of all models are compared with.
func (e *evaluation) reference() imageSet {
	if e.Fidelity.Images != nil {
		return e.imageSet(e.Fidelity.Images)
	}
	return e.realSet("reference", record.Reference, e.Fidelity.PerPrompt)
}

// realSet is images that the reference's sampler draws for the evaluation's
// prompts. Each set has seeds of its own.
func (e *evaluation) realSet(name string, choice record.Choice, perPrompt int) imageSet {
	sampler := e.Fidelity.Sampler
	about := record.Stage{Evaluation: e.Name, Measure: string(metric.MeasureFidelity), Subject: sampler.Name, Choice: choice}
	node := e.sample(named{"sample/" + e.Name + "/" + name, about}, "evaluate/"+e.Name+"/"+name, spec.Model{Sampler: sampler}, e.Prompts, perPrompt, e.Fidelity.Range)
	return imageSet{e.Name + "/" + name, about, node, len(e.Prompts) * perPrompt}
}

func (*FidelityWork) kind() (record.Kind, string) { return record.KindMeasure, "5" }
func (*FidelityWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*FidelityWork) Measure() metric.Measure { return metric.MeasureFidelity }

// Compute implements MeasureWork.
func (w *FidelityWork) Compute(ctx context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	of := metric.FidelityInput{
		Model: w.Subject, Choice: w.Choice, Baseline: w.Baseline, Reference: w.Reference,
		Encoder: w.Encoder, Component: w.Component, AlsoRead: w.AlsoRead, Seed: seed,
	}
	var err error
	if of.Features, err = readFeatures(ctx, in, Features, Images); err != nil {
		return nil, nil, err
	}
	if of.ReferenceFeatures, err = readFeatures(ctx, in, referenceFeatures, referenceImages); err != nil {
		return nil, nil, err
	}
	if w.HeldOut {
		return metric.Floor(of)
	}
	if w.Baseline != "" {
		if of.BaselineFeatures, err = readFeatures(ctx, in, baselineFeatures, baselineImages); err != nil {
			return nil, nil, err
		}
	}
	metrics, values, err := metric.Fidelity(of)
	for i := range metrics {
		metrics[i].Step = w.Step
	}
	return metrics, values, err
}

func readFeatures(ctx context.Context, in *MeasureInputs, features, images string) (read metric.ImageFeatures, err error) {
	if read.Rows, err = readRows[table.Feature](in, features); err != nil {
		return read, err
	}
	path, err := in.Path(images)
	if err != nil {
		return read, err
	}
	read.Images, err = table.Captions(ctx, path)
	return read, err
}

// readersOf lists the experiment's rewards that read an encoder's features. What
// they like and what the features show is then no news from two sides.
func (b *builder) readersOf(encoder *spec.Component) []string {
	var names []string
	for _, reward := range b.spec.Rewards {
		if reward.Encoder != nil && b.whatIs(reward.Encoder) == b.whatIs(encoder) {
			names = append(names, reward.Name)
		}
	}
	return names
}

// whatIs names a component and its weights: whoever compares a distance with
// another one needs to know whether both were measured on the same features.
func (b *builder) whatIs(component *spec.Component) string {
	text := component.Component
	for _, path := range component.Paths {
		digest := b.spec.Digests[path]
		text += ", weights sha256 " + digest[:min(12, len(digest))]
	}
	if component.Images != nil {
		text += ", fitted on " + component.Images.Name
	}
	return text
}
