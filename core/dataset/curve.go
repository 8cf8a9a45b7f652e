package dataset

import "strings"

// CurvePoint is a row of a training curve.
type CurvePoint struct {
	Step int32 `parquet:"step"`
	// Name is "loss", "loss/pretraining", "gradient_norm", "learning_rate",
	// "validation/mse", or whatever else the component reports.
	Name  string  `parquet:"name,dict"`
	Value float64 `parquet:"value"`
}

// Validation says what a point measures on data that is held out; ok is false for a point
// of anything else.
func (p CurvePoint) Validation() (measure string, ok bool) {
	return strings.CutPrefix(p.Name, "validation/")
}

// LossTerm says which loss a point is of: "" for the objective as a whole, which
// is called "loss", and TERM for one of its terms, "loss/TERM"; ok is false for a
// point of anything else.
func (p CurvePoint) LossTerm() (term string, ok bool) {
	if p.Name == "loss" {
		return "", true
	}
	return strings.CutPrefix(p.Name, "loss/")
}
