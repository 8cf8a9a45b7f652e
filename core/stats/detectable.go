package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Detectable is the smallest true mean difference that a paired design finds with
// the given power in a two-sided test at level alpha. The differences, one a cluster,
// are those of a pilot or of the measurement itself.
//
// Bloom (1995), Minimum Detectable Effects, with the variance v of the mean and n - H
// degrees of freedom by Variance:
//
//	(t[1-alpha/2, n-H] + t[power, n-H]) sqrt(v)
//
// Differences that are all the same give ErrNoSpread.
func Detectable(differences []Cluster, alpha, power float64) (float64, error) {
	var sum, n float64
	for _, c := range differences {
		sum += c.Sum
		n += c.N
	}
	v, degrees, err := Variance(ratioInfluences(differences, sum/n, n), strataOf(differences))
	if err != nil {
		return 0, err
	}
	if v == 0 {
		return 0, ErrNoSpread
	}
	return DetectableErrors(degrees, alpha, power) * math.Sqrt(v), nil
}

// DetectableErrors is the detectable difference in standard errors of the mean. With
// alpha / m it is that of a test of which Holm's correction over m tests asks most.
func DetectableErrors(degrees, alpha, power float64) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: degrees}
	return t.Quantile(1-alpha/2) + t.Quantile(power)
}
