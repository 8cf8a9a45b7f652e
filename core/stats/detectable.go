package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Detectable is the smallest true mean difference that a paired design finds
// with the given power in a two-sided test at level alpha. differences are the
// pairs' differences, of a pilot or of the measurement itself; pairs is the
// number of pairs of the design.
//
// Bloom (1995), Minimum Detectable Effects, with n-1 degrees of freedom:
//
//	(t[1-alpha/2, n-1] + t[power, n-1]) s / sqrt(n)
func Detectable(differences []float64, pairs int, alpha, power float64) (float64, error) {
	if len(differences) < 2 || pairs < 2 {
		return 0, ErrTooFew
	}
	return DetectableErrors(pairs-1, alpha, power) * stat.StdDev(differences, nil) / math.Sqrt(float64(pairs)), nil
}

// DetectableErrors is the detectable difference in standard errors of the mean. With
// alpha / m it is that of a test that Holm's correction over m tests asks most of.
func DetectableErrors(degrees int, alpha, power float64) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}
	return t.Quantile(1-alpha/2) + t.Quantile(power)
}
