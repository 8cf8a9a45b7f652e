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

// ShareDesign is a comparison of the shares of two sides that is still to be made, on
// the same clusters (prompts).
type ShareDesign struct {
	Clusters int
	Items    int     // of a cluster on each side
	Strata   int     // that the clusters are drawn in
	Share    float64 // of each side, in (0, 1); 0.5 asks most of a design
	Likeness float64 // intraclass correlation of a cluster's items, in [0, 1]
}

// variance is that of the difference, if the two sides have nothing in common but
// their clusters' number: what they share of a cluster makes it less. With p the
// share, n clusters of m items and the intraclass correlation rho (Kish (1965), Survey
// Sampling, section 5.4: the design effect)
//
//	v = 2 p (1-p) / (n m) (1 + (m-1) rho)
func (d ShareDesign) variance() float64 {
	n, m := float64(d.Clusters), float64(d.Items)
	return 2 * d.Share * (1 - d.Share) / (n * m) * (1 + (m-1)*d.Likeness)
}

// Detectable is the smallest true difference that the design finds with the given
// power in a two-sided test at level alpha: the function Detectable with the variance
// that the design has under its assumptions. Fewer than FewestClusters are ErrTooFew.
func (d ShareDesign) Detectable(alpha, power float64) (float64, error) {
	if d.Clusters < FewestClusters {
		return 0, ErrTooFew
	}
	degrees := float64(d.Clusters - min(max(1, d.Strata), d.Clusters/2)) // a stratum of one is joined
	return DetectableErrors(degrees, alpha, power) * math.Sqrt(d.variance()), nil
}

// DetectableOverSeeds is Detectable of the mean of independent repetitions, compared by
// a paired t test over them, if nothing but the items differs between repetitions.
// What else differs, such as trainings, makes it more. Fewer than FewestValues are
// ErrTooFew.
func (d ShareDesign) DetectableOverSeeds(seeds int, alpha, power float64) (float64, error) {
	if seeds < FewestValues {
		return 0, ErrTooFew
	}
	return DetectableErrors(float64(seeds-1), alpha, power) * math.Sqrt(d.variance()/float64(seeds)), nil
}
