package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// FewestValues is the fewest values, such as one metric under several seeds, that
// make an interval of their mean: two give one of 12.7 standard errors.
const FewestValues = 3

// Student is the t interval of the mean of independent values, such as one
// metric under several seeds.
//
// Student (1908), The Probable Error of a Mean:
//
//	mean ± t[(1+level)/2, n-1] s / sqrt(n)
//
// Fewer than FewestValues are ErrTooFew; values that are all the same, ErrNoSpread.
func Student(values []float64, level float64) (Interval, error) {
	mean, deviation, err := spreadOf(values)
	if err != nil {
		return Interval{}, err
	}
	n := float64(len(values))
	half := studentQuantile(level, n-1) * deviation / math.Sqrt(n)
	return Interval{Value: mean, Low: mean - half, High: mean + half}, nil
}

// StudentShare is the interval of the mean of independent shares. Near 0 and 1 it is
// skewed, and it never leaves [0, 1]: it is that of Share with each value a cluster.
func StudentShare(values []float64, level float64) (Interval, error) {
	mean, deviation, err := spreadOf(values)
	if err != nil {
		return Interval{}, err
	}
	n := float64(len(values))
	return shareOf(mean, deviation*deviation/n, n-1, n, 0, level)
}

// StudentTest is the two-sided p value of a t test that the mean of values is
// zero: of paired differences, that two treatments do not differ. Errors are those of
// Student.
func StudentTest(values []float64) (float64, error) {
	mean, deviation, err := spreadOf(values)
	if err != nil {
		return 0, err
	}
	n := float64(len(values))
	return studentTest(mean/(deviation/math.Sqrt(n)), n-1), nil
}

// studentTest is the two-sided p value of a t statistic.
func studentTest(t, degrees float64) float64 {
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: degrees}.Survival(math.Abs(t))
}

// spreadOf is the mean and the standard deviation of values.
func spreadOf(values []float64) (mean, deviation float64, err error) {
	if len(values) < FewestValues {
		return 0, 0, ErrTooFew
	}
	mean, deviation = stat.MeanStdDev(values, nil)
	if deviation <= 1e-12*math.Abs(mean) {
		return 0, 0, ErrNoSpread
	}
	return mean, deviation, nil
}
