package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is a number with its standard error.
type Estimate struct {
	Value   float64
	Error   float64 // standard error, above 0
	Degrees float64 // of freedom of Error
}

// Interval is Student's, of the level:
//
//	Value ± t[(1+level)/2, Degrees] Error
func (e Estimate) Interval(level float64) Interval {
	half := e.student().Quantile(0.5+level/2) * e.Error
	return Interval{Value: e.Value, Low: e.Value - half, High: e.Value + half}
}

// P is the two-sided p value of Student's test that the true value is zero. It is
// below 0.05 where the interval of level 0.95 leaves out zero.
func (e Estimate) P() float64 {
	return 2 * e.student().Survival(math.Abs(e.Value)/e.Error)
}

func (e Estimate) student() distuv.StudentsT {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: e.Degrees}
}
