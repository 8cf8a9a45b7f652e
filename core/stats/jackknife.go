package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Jackknife is the interval of a statistic that a bootstrap would bias, such as
// the Fréchet distance (an item drawn twice makes the covariance narrower).
// leftOut[g] is the statistic without the g-th of G groups of about equal size.
//
// Delete-a-group jackknife, Kott (2001), equation 2, with t of G-1 degrees:
//
//	se² = (G-1)/G sum over g of ( leftOut_g - mean(leftOut) )²
func Jackknife(value float64, leftOut []float64, level float64) (Interval, error) {
	groups := float64(len(leftOut))
	if groups < 2 {
		return Interval{}, ErrTooFew
	}
	var mean, squares float64
	for _, v := range leftOut {
		mean += v / groups
	}
	for _, v := range leftOut {
		squares += (v - mean) * (v - mean)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: groups - 1}.Quantile(0.5 + level/2)
	half := t * math.Sqrt((groups-1)/groups*squares)
	return Interval{Value: value, Low: value - half, High: value + half}, nil
}
