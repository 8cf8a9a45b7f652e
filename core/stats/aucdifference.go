package stats

import "math"

// AUCDifference is the interval of AUC(first) - AUC(second), two scores of the same
// items in the same order, and the two-sided p value of the test that there is no
// difference. strata[i] is the stratum of cluster i.
//
// The interval is put together from those of the two areas (AUCInterval), which have
// width where an area is near 1 and the difference's own variance shows little of it:
// Newcombe (1998), Improved Confidence Intervals for the Difference Between Binomial
// Proportions Based on Paired Data, method 10; Zou and Donner (2008), Construction of
// Confidence Limits about Effect Measures. With areas a and b, their bounds l and u, and
// the correlation r of their estimates, at least 0:
//
//	low  = a - b - sqrt( (a-l_a)² + (u_b-b)² - 2 r (a-l_a) (u_b-b) )
//	high = a - b + sqrt( (u_a-a)² + (b-l_b)² - 2 r (u_a-a) (b-l_b) )
//
// r is from the influences of the clusters on either area (DeLong's covariance, by
// cluster), with v of Variance: r = (v_a + v_b - v_(a-b)) / 2 sqrt(v_a v_b).
//
// p is 1 less the level at which the interval just reaches 0. Scores that put the items
// in the same order give ErrNoChange, and p is 1.
func AUCDifference(first, second []Scored, strata []int, level float64) (interval Interval, p float64, err error) {
	a, err := estimateArea(first, strata)
	if err != nil {
		return Interval{}, 0, err
	}
	b, err := estimateArea(second, strata)
	if err != nil {
		return Interval{}, 0, err
	}
	changed := false
	between := make([]float64, len(strata))
	for i := range between {
		between[i] = a.influences[i] - b.influences[i]
		changed = changed || math.Abs(between[i]) > 1e-12
	}
	if !changed {
		return Interval{}, 1, ErrNoChange
	}
	v, _, err := Variance(between, strata)
	if err != nil {
		return Interval{}, 0, err
	}
	var correlation float64
	if both := math.Sqrt(a.variance * b.variance); both > 0 {
		correlation = max(0, min(1, (a.variance+b.variance-v)/(2*both)))
	}
	if interval, err = areasBetween(a, b, correlation, level); err != nil {
		return Interval{}, 0, err
	}
	p, err = levelAtZero(func(level float64) (Interval, error) { return areasBetween(a, b, correlation, level) })
	return interval, p, err
}

// levelAtZero is 1 less the level at which an interval just reaches 0, from 1e-13 to 1.
// It is found by regula falsi (Illinois) on the logarithm.
func levelAtZero(at func(level float64) (Interval, error)) (float64, error) {
	// margin is how far the bound that is nearer to 0 is from it; below 0 it is beyond.
	margin := func(logarithm float64) (float64, error) {
		interval, err := at(-math.Expm1(logarithm))
		if interval.Value < 0 {
			return -interval.High, err
		}
		return interval.Low, err
	}
	low, high := -30.0, -1e-3
	below, err := margin(low)
	if err != nil {
		return 0, err
	}
	above, err := margin(high)
	switch {
	case err != nil:
		return 0, err
	case above <= 0:
		return 1, nil
	case below > 0:
		return math.Exp(low), nil
	}
	side := 0
	for range 60 {
		middle := (low*above - high*below) / (above - below)
		here, err := margin(middle)
		if err != nil {
			return 0, err
		}
		if here > 0 {
			high, above = middle, here
			if side > 0 {
				below /= 2
			}
			side = 1
		} else {
			low, below = middle, here
			if side < 0 {
				above /= 2
			}
			side = -1
		}
		if high-low < 1e-7 || math.Abs(here) < 1e-9 {
			return math.Exp(middle), nil
		}
	}
	return math.Exp(high), nil
}

func areasBetween(a, b areaEstimate, correlation, level float64) (Interval, error) {
	one, err := a.interval(level)
	if err != nil {
		return Interval{}, err
	}
	other, err := b.interval(level)
	if err != nil {
		return Interval{}, err
	}
	reach := func(x, y float64) float64 { return math.Sqrt(max(0, x*x+y*y-2*correlation*x*y)) }
	difference := a.area - b.area
	return Interval{
		Value: difference,
		Low:   max(-1, difference-reach(a.area-one.Low, other.High-b.area)),
		High:  min(1, difference+reach(one.High-a.area, b.area-other.Low)),
	}, nil
}
