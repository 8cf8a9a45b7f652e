package metric

// Measure is what one measure stage measures: metrics that are computed together,
// from the same inputs.
type Measure string

// The measures.
const (
	MeasureAlignment      Measure = "alignment"
	MeasurePreference     Measure = "preference"
	MeasureStrength       Measure = "strength"
	MeasureReward         Measure = "reward"
	MeasureFidelity       Measure = "fidelity"
	MeasureRewardAccuracy Measure = "reward_accuracy"
	MeasureBestOf         Measure = "best_of"
	MeasureRewardCard     Measure = "reward_card"
	// MeasureCheckpoints is of the stages that watch a tuning.
	MeasureCheckpoints Measure = "checkpoints"
)

// MeasureDefinition is a row of the table of measures.
type MeasureDefinition struct {
	Measure Measure
	Model   bool   // each stage's subject is a model, a row in the tables of models
	Needs   string // in words, what an evaluate block has to have for it
}

var measures = []MeasureDefinition{
	{MeasureAlignment, true, "an alignment block with a rater"},
	{MeasurePreference, false, "a preference block with a rater, and several models"},
	{MeasureStrength, false, "a preference block with a rater, and three models or more"},
	{MeasureReward, true, "rewards"},
	{MeasureFidelity, true, "a fidelity block"},
	{MeasureRewardAccuracy, false, "rewards, and an alignment block with a rater for them to agree with"},
	{MeasureRewardCard, false, "a reward_card block"},
	{MeasureCheckpoints, false, "an evaluate block in a finetune"},
	{MeasureBestOf, false, "a best_of block, and an alignment block with a rater who judges what is chosen"},
}

// Measures lists the measures in the order of reports.
func Measures() []MeasureDefinition { return append([]MeasureDefinition(nil), measures...) }

// Definition returns the measure's row; the zero row for an unknown name.
func (m Measure) Definition() MeasureDefinition {
	for _, row := range measures {
		if row.Measure == m {
			return row
		}
	}
	return MeasureDefinition{}
}
