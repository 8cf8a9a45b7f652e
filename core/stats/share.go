package stats

import "gonum.org/v1/gonum/stat/distuv"

// Share is the interval of a share of the items of clusters, sum of Sum over sum
// of N, where each item is between 0 and 1.
//
// Korn and Graubard (1998), Confidence Intervals for Proportions with Small
// Expected Number of Positive Counts Estimated from Survey Data: the share is read
// as that of n* independent trials (Binomial), where n* is what would give the
// variance v that the clusters show (Variance, of r_i = (Sum_i - p N_i) / sum of N):
//
//	n* = p (1-p) / v * ( z / t[n-H] )²
//
// n* is at least what it is if all items of a cluster are alike, which is the worst
// case (Kish (1965), Survey Sampling, section 11.7):
//
//	n* >= (sum of N)² / sum of N²
//
// and that is taken where all clusters are alike, so that v shows nothing.
func Share(clusters []Cluster, level float64) (Interval, error) {
	var sum, n, squares float64
	for _, c := range clusters {
		sum += c.Sum
		n += c.N
		squares += c.N * c.N
	}
	p := sum / n
	v, degrees, err := Variance(ratioInfluences(clusters, p, n), strataOf(clusters))
	if err != nil {
		return Interval{}, err
	}
	return shareOf(p, v, degrees, n*n/squares, level)
}

// shareOf is the interval of a share p with the variance v, which has some degrees
// of freedom, of at least so many trials.
func shareOf(p, v, degrees, trials, level float64) (Interval, error) {
	if p > 0 && p < 1 {
		trials = max(trials, effective(p*(1-p), v, degrees, level))
	}
	interval, err := Binomial(p*trials, trials, level)
	interval.Value = p
	return interval, err
}

// effective is how many independent items with a variance of their own would have
// the variance v, less what v is unsure of with some degrees of freedom; 0 where all
// clusters are alike, so that v shows nothing.
func effective(own, v, degrees, level float64) float64 {
	if v <= 1e-12*own {
		return 0
	}
	unsure := distuv.UnitNormal.Quantile(0.5+level/2) / studentQuantile(level, degrees)
	return own / v * unsure * unsure
}

// ratioInfluences is how much each cluster moves the ratio sum of Sum over n.
func ratioInfluences(clusters []Cluster, ratio, n float64) []float64 {
	influences := make([]float64, len(clusters))
	for i, c := range clusters {
		influences[i] = (c.Sum - ratio*c.N) / n
	}
	return influences
}
