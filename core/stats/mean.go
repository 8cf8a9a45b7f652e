package stats

import "math"

// Mean is the t interval of the mean of the items of clusters, sum of Sum over sum
// of N: large clusters weigh more. See Linearised; r_i = (Sum_i - mean N_i) / sum of N.
func Mean(clusters []Cluster, level float64) (Interval, error) {
	var sum, n float64
	for _, c := range clusters {
		sum += c.Sum
		n += c.N
	}
	return Linearised(sum/n, ratioInfluences(clusters, sum/n, n), strataOf(clusters), level)
}

// MeanDifference is the t interval of mean(first) - mean(second), where first[i]
// and second[i] are the same cluster, in the same stratum, under two treatments.
// The influence of a cluster is the difference of its influences on either mean.
func MeanDifference(first, second []Cluster, level float64) (Interval, error) {
	difference, influences, _ := paired(first, second)
	return Linearised(difference, influences, strataOf(first), level)
}

// Linearised is the t interval of a statistic from how much each cluster moves it,
// with v and n - H degrees of freedom by Variance:
//
//	value ± t[(1+level)/2, n-H] sqrt(v)
//
// Clusters that are all alike give ErrNoSpread.
func Linearised(value float64, influences []float64, strata []int, level float64) (Interval, error) {
	v, degrees, err := Variance(influences, strata)
	if err != nil {
		return Interval{}, err
	}
	half := studentQuantile(level, degrees) * math.Sqrt(v)
	if half <= 1e-12*math.Abs(value) {
		return Interval{}, ErrNoSpread
	}
	return Interval{Value: value, Low: value - half, High: value + half}, nil
}

// paired is the difference of two means over the same clusters, how much each
// cluster moves it, and the mean size of the clusters' own differences.
func paired(first, second []Cluster) (difference float64, influences []float64, size float64) {
	var sum1, n1, sum2, n2 float64
	for i := range first {
		sum1, n1 = sum1+first[i].Sum, n1+first[i].N
		sum2, n2 = sum2+second[i].Sum, n2+second[i].N
	}
	influences = make([]float64, len(first))
	for i, a := range first {
		b := second[i]
		influences[i] = (a.Sum-sum1/n1*a.N)/n1 - (b.Sum-sum2/n2*b.N)/n2
		size += math.Abs(a.Sum/a.N-b.Sum/b.N) / float64(len(first))
	}
	return sum1/n1 - sum2/n2, influences, size
}
