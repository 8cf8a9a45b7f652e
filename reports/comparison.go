package reports

import (
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// Comparison is a number's difference from a baseline's, as data.
type Comparison struct {
	Baseline   string
	Difference *float64 // nil: could not be computed
	Low, High  *float64 // 95 % interval; nil: none
	Unit       record.Unit
	Better     record.Direction
	// P is of the test that there is no difference, corrected (Holm) for all that is
	// compared beside it; nil: not tested.
	P    *float64
	Test string // in words
	// Alike is how the compared number is written where there is no difference; empty: 0.
	Alike string
}

// comparisonOf is the comparison that a difference stands for.
func comparisonOf(difference *record.Metric) *Comparison {
	if difference == nil {
		return nil
	}
	return &Comparison{
		Baseline: difference.Versus, Difference: difference.Value, Low: difference.Low, High: difference.High,
		Unit: difference.Unit, Better: difference.Better,
	}
}

// Conclusion is the reading of a difference.
type Conclusion string

// The conclusions.
const (
	NotMeasured       Conclusion = missingText
	NotTested         Conclusion = "not tested"
	Indistinguishable Conclusion = "not distinguishable" // chance explains it
	Better            Conclusion = "better"
	Worse             Conclusion = "worse"
)

// significant is the largest corrected p value of a difference that counts.
const significant = 0.05

// Conclusion reads the comparison: a difference counts if its corrected p is small
// and its interval leaves out zero. Without a test there is none: with many
// comparisons some intervals miss zero by chance.
func (c *Comparison) Conclusion() Conclusion {
	switch {
	case c == nil:
		return NotMeasured
	case c.Difference == nil || c.P == nil:
		return NotTested
	case *c.P > significant:
		return Indistinguishable
	case c.Low == nil:
		return NotTested
	case *c.Low <= 0 && *c.High >= 0:
		return Indistinguishable
	case (*c.Difference > 0) == (c.Better != record.Lower):
		return Better
	}
	return Worse
}

// family is comparisons that are corrected together: all those of a table.
type family struct {
	tests       []float64
	comparisons []*Comparison
}

// add puts a comparison with its uncorrected p value into the family.
func (f *family) add(c *Comparison, p float64) {
	f.tests, f.comparisons = append(f.tests, p), append(f.comparisons, c)
}

// correct gives every comparison its p value by Holm's method.
func (f *family) correct() {
	for i, adjusted := range stats.Holm(f.tests) {
		f.comparisons[i].P = &adjusted
	}
}
