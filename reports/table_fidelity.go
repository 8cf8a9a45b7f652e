package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// distances are the metrics of how far a model's images are from real ones, with
// those of how much farther than the baseline's.
var distances = []imageQuantity{
	{metric.FID, metric.FIDDifference, metric.FIDDifferenceP},
	{metric.KID, metric.KIDDifference, metric.KIDDifferenceP},
	{metric.CMMD, metric.CMMDDifference, metric.CMMDDifferenceP},
}

// fidelityTable sets the images of the models against real ones, and real ones
// against each other.
func fidelityTable(_ variant, e evaluation) (Table, bool) {
	t := Table{ID: "fidelity", Title: "Fidelity: distance from real images", Claim: "By distance from real images (FID)"}
	t.imageRows(e, "distance", record.Lower, distances)
	for _, note := range e.fidelityNotes() {
		t.note(note)
	}
	return t, e.has(metric.MeasureFidelity) && len(e.models) > 0
}

// fidelityNotes says what the distances of an evaluation are of.
func (e evaluation) fidelityNotes() []string {
	m := e.find(metric.FID, part{}, drawn(record.All))
	if m == nil {
		return nil
	}
	notes := []string{fmt.Sprintf("%s images of a model against %s of %s, in the features of %s; %s.",
		m.Protocol["images"], m.Protocol["reference images"], m.Versus, features(m), m.Protocol["prompts"])}
	if m.Protocol["prompts"] == "" { // too few images for any
		notes = nil
	}
	if readers := m.Protocol["also read by"]; readers != "" {
		notes = append(notes, fmt.Sprintf("The features of %s are also what the rewards read (%s): no independent witness.", m.Encoder, readers))
	}
	notes = append(notes, "FID and KID as published, and the paper's, are of Inception's features, CMMD of CLIP ViT-L/14-336's; FID and CMMD grow with fewer images. Compare within this table alone.")
	if e.measured(metric.FIDDifference) {
		notes = append(notes, fmt.Sprintf("difference: from %s, at endlessly many images of such prompts, free of what their number adds.", e.baseline))
	}
	if floor := e.find(metric.FID, part{}, drawn(record.OtherDraws)); floor != nil {
		note := fmt.Sprintf("%s: as many images of %s as of a model, against the same reference: what a perfect model gets.", otherDraws, floor.Versus)
		if held := floor.Protocol["held out"]; held != "" {
			note = fmt.Sprintf("%s: %s: what a perfect model gets against so many.", otherDraws, held)
		}
		notes = append(notes, note)
	}
	return notes
}

// features names what a distance was measured on.
func features(m *record.Metric) string {
	if component := m.Protocol["component"]; component != "" && component != m.Encoder {
		return fmt.Sprintf("%s (%s)", m.Encoder, component)
	}
	return m.Encoder
}
