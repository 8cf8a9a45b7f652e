package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Student is the t interval of the mean of independent values, such as one
// metric under several seeds.
//
// Student (1908), The Probable Error of a Mean:
//
//	mean ± t[(1+level)/2, n-1] s / sqrt(n)
func Student(values []float64, level float64) (Interval, error) {
	n := float64(len(values))
	if n < 2 {
		return Interval{}, ErrTooFew
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.5 + level/2)
	half := t * deviation / math.Sqrt(n)
	return Interval{Value: mean, Low: mean - half, High: mean + half}, nil
}

// StudentTest is the two-sided p value of a t test that the mean of values is
// zero: of paired differences, that two treatments do not differ. Values that
// are all the same give 1 if they are zero, else 0.
func StudentTest(values []float64) (float64, error) {
	n := float64(len(values))
	if n < 2 {
		return 0, ErrTooFew
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	if deviation == 0 {
		if mean == 0 {
			return 1, nil
		}
		return 0, nil
	}
	t := math.Abs(mean) / (deviation / math.Sqrt(n))
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Survival(t), nil
}
