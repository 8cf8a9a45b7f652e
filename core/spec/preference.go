package spec

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Which models a preference block compares.
const (
	pairsBaseline = "baseline"
	pairsAll      = "all"
)

var preferenceForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "path", Type: "string", Path: true, Summary: "a CSV or Parquet file of people's choices between the models' images",
			Obtain: "Once the images are drawn, `plumb export FILE evaluate/NAME/preference DIR --label-sheet` writes their pairs, mixed and without a word of which model drew which, with a file to fill in; a run does all that needs no choices before."},
		{Name: "pairs", Type: "string", Default: []byte(`"baseline"`), OneOf: []string{pairsBaseline, pairsAll}, Summary: "which models' images are set side by side: each model's beside the baseline's, or those of every two models"},
	}},
	values: []Value{{Name: "rater", Takes: "rater.NAME", Summary: "who chooses, in place of path; one that can compare, and is asked about alignment"}},
	blocks: []nested{askPreference.block("people choose, in place of path and rater: `plumb label` shows them the two images, mixed, and asks about alignment and fidelity apart")},
}

// preferenceBlock decodes who chooses between which models' images.
func (l *loader) preferenceBlock(block *hcl.Block, evaluate *Evaluate) *Preference {
	arguments := l.decode(block.Body, preferenceForm)
	rater := arguments.others["rater"]
	l.oneSource("choices", block.DefRange, "Nobody chooses", l.ofRater(rater), ofPath(arguments, "pairs.csv"), ofPeople(arguments.blocks))
	if len(evaluate.Models) == 1 {
		l.error(block.DefRange, "One model", "Two models' images are set side by side, and this evaluate block measures one. Add another to models, or remove the preference block.")
	}
	chooses := l.oneOf(rater, "rater")
	l.canCompare(chooses)
	preference := &Preference{
		Rater:  chooses.component(),
		Path:   arguments.text("path"),
		People: l.peopleBlock(arguments.blocks, askPreference, "evaluate/"+evaluate.Name+"/preference"),
		Every:  arguments.text("pairs") == pairsAll,
		Range:  FromRange(block.DefRange),
	}
	l.attentive(preference.People, &Images{Prompts: evaluate.Prompts})
	return preference
}

// Compared lists which models' images are set side by side, the model that a choice
// speaks of first: with the baseline, or every two, of which the baseline comes second
// and the others in their order. Without a Preference there are none.
func (e *Evaluate) Compared() [][2]Model {
	if e.Preference == nil {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(e.Models), func(m Model) bool { return m == e.Baseline })
	var pairs [][2]Model
	for i, model := range others {
		pairs = append(pairs, [2]Model{model, e.Baseline})
		if e.Preference.Every {
			for _, other := range others[i+1:] {
				pairs = append(pairs, [2]Model{model, other})
			}
		}
	}
	return pairs
}
