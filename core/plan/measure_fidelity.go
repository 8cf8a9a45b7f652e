package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// FidelityWork measures how far a model's images are from real ones.
type FidelityWork struct {
	Subject   string        `json:"subject"`
	Choice    record.Choice `json:"choice,omitempty"` // record.OtherDraws: real images in the place of a model's
	Encoder   string        `json:"encoder"`          // as the experiment calls it
	Component string        `json:"component"`        // what the encoder is, with its weights
	Reference string        `json:"reference"`        // the images that are compared with
}

var _ MeasureWork = (*FidelityWork)(nil)

const referenceFeatures = "reference features"

func (e *evaluation) fidelity(model spec.Model) {
	e.distance(record.Stage{Subject: model.Name()}, model.Name(), e.set(model))
}

// floor measures real images as if they were a model's: what a distance is where
// nothing is wrong, with as many images.
func (e *evaluation) floor() {
	if e.Fidelity.Sampler == nil {
		return
	}
	e.distance(record.Stage{Subject: e.Fidelity.Sampler.Name, Choice: record.OtherDraws}, realImages, e.realSet(realImages, record.OtherDraws, e.PerPrompt))
}

// The sets of images that a sampler of real images draws for an evaluation.
const (
	referenceImages = "reference" // what all models are compared with
	realImages      = "real"      // as many as a model draws
)

func (e *evaluation) distance(about record.Stage, name string, of imageSet) {
	encoder := e.Fidelity.Encoder
	reference := e.reference()
	work := &FidelityWork{
		Subject: about.Subject, Choice: about.Choice, Encoder: encoder.Name, Component: e.whatIs(encoder), Reference: reference.about.Subject,
	}
	e.measureOf(work, about, name, e.Fidelity.Range, []Input{
		{Features, e.encode(encoder, of), Features},
		{referenceFeatures, e.encode(encoder, reference), Features},
		// Rows of features know their image only by its ID: the images table
		// says which prompt it was drawn for.
		{Images, of.node, Images},
	})
}

// reference is what the images of all models are compared with.
func (e *evaluation) reference() imageSet {
	if e.Fidelity.Images != nil {
		return e.imageSet(e.Fidelity.Images)
	}
	return e.realSet(referenceImages, record.Reference, e.Fidelity.PerPrompt)
}

// realSet is images that the reference's sampler draws for the evaluation's
// prompts. Each set has seeds of its own.
func (e *evaluation) realSet(name string, choice record.Choice, perPrompt int) imageSet {
	sampler := e.Fidelity.Sampler
	about := record.Stage{Evaluation: e.Name, Measure: string(metric.MeasureFidelity), Subject: sampler.Name, Choice: choice}
	node := e.sample(named{"sample/" + e.Name + "/" + name, about}, "evaluate/"+e.Name+"/"+name, spec.Model{Sampler: sampler}, e.Prompts, perPrompt, e.Fidelity.Range)
	return imageSet{e.Name + "/" + name, about, node, len(e.Prompts) * perPrompt}
}

func (*FidelityWork) kind() (record.Kind, string) { return record.KindMeasure, "2" }
func (*FidelityWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*FidelityWork) Measure() metric.Measure { return metric.MeasureFidelity }

// Compute implements MeasureWork.
func (w *FidelityWork) Compute(ctx context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	features, err := readRows[table.Feature](in, Features)
	if err != nil {
		return nil, nil, err
	}
	reference, err := readRows[table.Feature](in, referenceFeatures)
	if err != nil {
		return nil, nil, err
	}
	path, err := in.Path(Images)
	if err != nil {
		return nil, nil, err
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	prompt := map[string]string{}
	for _, image := range images {
		prompt[image.ID] = image.Prompt
	}
	of := metric.FidelityInput{
		Model: w.Subject, Choice: w.Choice, Encoder: w.Encoder, Component: w.Component, Reference: w.Reference, Seed: seed,
		ReferenceFeatures: vectors(reference), Features: vectors(features),
	}
	for _, feature := range features {
		of.ImageIDs = append(of.ImageIDs, feature.ImageID)
		of.Prompts = append(of.Prompts, prompt[feature.ImageID])
	}
	return metric.Fidelity(of)
}

func vectors(features []table.Feature) [][]float32 {
	rows := make([][]float32, len(features))
	for i, feature := range features {
		rows[i] = feature.Vector
	}
	return rows
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
