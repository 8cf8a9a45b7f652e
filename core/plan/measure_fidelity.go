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
	Subject   string `json:"subject"`
	Encoder   string `json:"encoder"`   // as the experiment calls it
	Component string `json:"component"` // what the encoder is, with its weights
	Reference string `json:"reference"` // the images that are compared with
}

var _ MeasureWork = (*FidelityWork)(nil)

const referenceFeatures = "reference features"

func (e *evaluation) fidelity(model spec.Model) {
	reference := e.Fidelity.Reference
	work := &FidelityWork{
		Subject: model.Name(), Encoder: e.Fidelity.Encoder.Name, Component: e.whatIs(e.Fidelity.Encoder), Reference: reference.Name,
	}
	real := e.encode(e.Fidelity.Encoder, e.imageSet(reference))
	e.measure(work, work.Subject, e.Fidelity.Range, []Input{
		{Features, e.encode(e.Fidelity.Encoder, e.set(model)), Features},
		{referenceFeatures, real, Features},
		// Rows of features know their image only by its ID: the images table
		// says which prompt it was drawn for.
		{Images, e.drawn(model), Images},
	})
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
		Model: w.Subject, Encoder: w.Encoder, Component: w.Component, Reference: w.Reference, Seed: seed,
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
