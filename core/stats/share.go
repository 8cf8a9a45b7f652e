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
func Share(clusters []Cluster, level float64) (Interval, error) { return share(clusters, 0, level) }

// fewestThatCarry is the fewest clusters' worth that carry a bounded mean.
const fewestThatCarry = 5

// BoundedMean is the interval of the mean of items between 0 and 1 that need not be 0 or
// 1, as of Share with cautious. Where most lie near one end and a few far from it, as of
// very skewed scores, those that were not drawn are not to be seen in those that were; so
// there is no interval, ErrFewCarry, where the distances d of the clusters' means from
// either end are those of fewer than five, (sum d)² / sum d².
func BoundedMean(clusters []Cluster, level float64) (Interval, error) {
	var low, lowSquares, high, highSquares float64
	for _, c := range clusters {
		mean := c.Sum / c.N
		low, lowSquares = low+mean, lowSquares+mean*mean
		high, highSquares = high+1-mean, highSquares+(1-mean)*(1-mean)
	}
	interval, err := share(clusters, boundedCaution, level)
	if err == nil && (low*low < fewestThatCarry*lowSquares || high*high < fewestThatCarry*highSquares) {
		return Interval{}, ErrFewCarry
	}
	return interval, err
}

func share(clusters []Cluster, caution, level float64) (Interval, error) {
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
	return shareOf(p, v, degrees, n*n/squares, caution, level)
}

// shareOf is the interval of a share p with the variance v, which has some degrees of
// freedom, of at least so many trials.
func shareOf(p, v, degrees, least, caution, level float64) (Interval, error) {
	trials := least
	if p > 0 && p < 1 {
		trials = cautious(p, effective(p*(1-p), v, degrees, level), least, caution)
	}
	interval, err := Binomial(p*trials, trials, level)
	interval.Value = p
	return interval, err
}

// The caution that intervals need, by simulation.
const (
	areaCaution    = 0.1
	boundedCaution = 0.3
)

// cautious is a number of effective trials, of at least so many. What makes the variance
// of a share near 0 or 1 is few events, e = n* min(p, 1-p) of them; where their weights
// differ, those that were seen may be the light ones. So their number counts against a
// caution at the least number of trials:
//
//	n** = (e + caution) / ( e/n* + caution/least )
func cautious(p, seen, least, caution float64) float64 {
	if seen <= least {
		return least
	}
	events := seen * min(p, 1-p)
	return (events + caution) / (events/seen + caution/least)
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
