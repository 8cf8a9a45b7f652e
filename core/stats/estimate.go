package stats

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
	half := studentQuantile(level, e.Degrees) * e.Error
	return Interval{Value: e.Value, Low: e.Value - half, High: e.Value + half}
}

// P is the two-sided p value of Student's test that the true value is zero. It is
// below 0.05 where the interval of level 0.95 leaves out zero.
func (e Estimate) P() float64 { return studentTest(e.Value/e.Error, e.Degrees) }
