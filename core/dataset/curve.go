package dataset

import "strings"

// LossTerm says which loss a point is of: "" for the objective as a whole, which
// is called "loss", and TERM for one of its terms, "loss/TERM"; ok is false for a
// point of anything else.
func (p CurvePoint) LossTerm() (term string, ok bool) {
	if p.Name == "loss" {
		return "", true
	}
	return strings.CutPrefix(p.Name, "loss/")
}
