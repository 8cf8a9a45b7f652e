package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// DefaultResamples is the number of bootstrap resamples if none is given.
const DefaultResamples = 2000

// Bootstrap makes percentile intervals by resampling whole clusters with
// replacement. The zero value draws DefaultResamples with seed 0 at Level.
//
// Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13;
// clusters as units: Davison and Hinkley, Bootstrap Methods and their
// Application (1997), section 3.8. With few clusters a plain percentile
// interval is too narrow, by the factor sqrt((n-1)/n) of the biased standard
// deviation and by using z in place of t; so the tails are moved out as in
// Hesterberg, What Teachers Should Know about the Bootstrap (2015), section
// 4.3:
//
//	a' = Phi( -sqrt(n/(n-1)) t[1-a, n-1] )      a = (1-Level)/2, n clusters
//
// and the bounds are the a' and 1-a' quantiles of the resampled statistic.
type Bootstrap struct {
	Resamples int     // 0: DefaultResamples
	Level     float64 // 0: Level
	Seed      uint64
}

// Cluster is the sum of a quantity over the items of a cluster, and their number.
type Cluster struct {
	Sum, N float64
}

// Statistic is the interval of any statistic of clusters. weights[i] says how
// often cluster i counts; the estimate itself is the statistic at weights of 1.
// A resample in which the statistic is NaN is left out; if that happens to more
// than a tenth of them the error is ErrUnstable.
func (b Bootstrap) Statistic(clusters int, statistic func(weights []float64) float64) (Interval, error) {
	if clusters < 2 {
		return Interval{}, ErrTooFew
	}
	resamples := b.Resamples
	if resamples == 0 {
		resamples = DefaultResamples
	}
	weights := make([]float64, clusters)
	for i := range weights {
		weights[i] = 1
	}
	estimate := statistic(weights)
	if math.IsNaN(estimate) {
		return Interval{}, ErrUnstable
	}
	random := rand.New(rand.NewPCG(b.Seed, 0x626f6f74)) // "boot": a stream of its own
	drawn := make([]float64, 0, resamples)
	for range resamples {
		clear(weights)
		for range clusters {
			weights[random.IntN(clusters)]++
		}
		if value := statistic(weights); !math.IsNaN(value) {
			drawn = append(drawn, value)
		}
	}
	if len(drawn)*10 < resamples*9 {
		return Interval{}, ErrUnstable
	}
	slices.Sort(drawn)
	tail := b.tail(clusters)
	return Interval{Value: estimate, Low: quantile(drawn, tail), High: quantile(drawn, 1-tail)}, nil
}

// Mean is the interval of the items' mean, sum of Sum over sum of N: large
// clusters weigh more.
func (b Bootstrap) Mean(clusters []Cluster) (Interval, error) {
	return b.Statistic(len(clusters), func(weights []float64) float64 {
		var sum, n float64
		for i, w := range weights {
			sum += w * clusters[i].Sum
			n += w * clusters[i].N
		}
		return sum / n
	})
}

// Difference is the interval of mean(a) - mean(b), where a[i] and b[i] are the
// same cluster under two treatments and are drawn together.
func (b Bootstrap) Difference(first, second []Cluster) (Interval, error) {
	return b.Statistic(len(first), func(weights []float64) float64 {
		var sum1, n1, sum2, n2 float64
		for i, w := range weights {
			sum1 += w * first[i].Sum
			n1 += w * first[i].N
			sum2 += w * second[i].Sum
			n2 += w * second[i].N
		}
		return sum1/n1 - sum2/n2
	})
}

// tail is the probability that is cut off on each side.
func (b Bootstrap) tail(clusters int) float64 {
	level := b.Level
	if level == 0 {
		level = Level
	}
	n := float64(clusters)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.5 + level/2)
	return distuv.UnitNormal.CDF(-math.Sqrt(n/(n-1)) * t)
}

// quantile interpolates linearly between the order statistics of sorted values
// (definition 7 of Hyndman and Fan, 1996).
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	share := at - float64(below)
	return sorted[below]*(1-share) + sorted[below+1]*share
}
