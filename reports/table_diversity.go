package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// diversities are the metrics of how unlike each other a model's images of one prompt
// are, with those of the difference from the baseline's.
var diversities = []imageQuantity{
	{metric.PairwiseDistance, metric.PairwiseDistanceDifference, metric.PairwiseDistanceDifferenceP},
	{metric.VendiScore, metric.VendiScoreDifference, metric.VendiScoreDifferenceP},
}

// diversityTable says how diverse the images of a prompt are, of the models and of real
// ones.
func diversityTable(_ variant, e evaluation) (Table, bool) {
	t := Table{ID: "diversity", Title: "Diversity: between images of one prompt"}
	t.imageRows(e, "measure", record.Higher, diversities)
	for _, note := range e.diversityNotes() {
		t.note(note)
	}
	return t, e.has(metric.MeasureDiversity) && len(e.models) > 0
}

// diversityNotes says what the diversities of an evaluation are of, and how to read them.
func (e evaluation) diversityNotes() []string {
	m := e.find(metric.VendiScore, part{}, drawn(record.All))
	if m == nil || m.Protocol[metric.ImagesAPrompt] == "" { // nothing could be measured
		return nil
	}
	notes := []string{fmt.Sprintf("%s images a prompt, in the features of %s: the mean distance (1 - cosine) between two of them, and how many images, all unlike, would be as diverse (Vendi score); means over prompts.",
		m.Protocol[metric.ImagesAPrompt], features(m))}
	if left := m.Protocol["left out"]; left != "" {
		notes = append(notes, "Left out: "+left+".")
	}
	reading := "More diverse is not better by itself: images that miss their prompt differ, too."
	if e.find(metric.VendiScore, part{}, drawn(record.OtherDraws)) != nil {
		reading += fmt.Sprintf(" %s: as many real images of each prompt, which show what the prompts leave open.", otherDraws)
	}
	return append(notes, reading)
}
