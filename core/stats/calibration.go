package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Prediction is an item whose outcome was predicted, both between 0 and 1.
type Prediction struct {
	Predicted, Outcome float64
	Cluster            int // from 0
}

// fewestOfABin is how many items a bin has at least, on average.
const fewestOfABin = 10

// Bins deals items out by their predictions, as many into each bin as equal ones, which
// stay together, allow. It returns the bin of each item, from 0, and how many bins there
// are: at most so many, and fewer where there would be less than ten items in each.
func Bins(items []Prediction, most int) (bins []int, count int) {
	most = max(1, min(most, len(items)/fewestOfABin))
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(items[a].Predicted, items[b].Predicted) })
	bins = make([]int, len(items))
	last := -1 // the bin, of those of equal size, that the one before is in
	for rank, i := range order {
		bin := rank * most / len(items)
		if rank > 0 && items[order[rank-1]].Predicted == items[i].Predicted {
			bin = last
		}
		if bin != last {
			count++
		}
		last = bin
		bins[i] = count - 1
	}
	return bins, count
}

// calibrationDraws is how often the error of a calibrated prediction is drawn.
const calibrationDraws = 1999

// CalibrationError is the expected calibration error over bins (Naeini, Cooper and
// Hauskrecht 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning):
// with d_b the mean of predicted less outcome over the n_b items of bin b, of n,
//
//	E(d) = sum over b of n_b/n |d_b|
//
// What is measured is never below what chance makes of a perfect prediction, which is
// returned as well. E is a norm, so for the true gaps δ, which leave out what chance
// does, |E(d) - E(δ)| <= E(d - δ) and
//
//	E(d) ± c
//
// holds E(δ) at least as often as E(d - δ) stays below c. c is the level's quantile of
// E(g), and the chance its mean, over draws of
//
//	g_b = sum over clusters i of ξ_i e_ib,  ξ_i normal
//	e_ib = sqrt( m/(m-1) ) ( r_ib - mean_h r_b ),  r_ib = 1/n_b sum over i's items in b of (predicted - outcome - d_b)
//
// with m the clusters of i's stratum h (a multiplier bootstrap: Wu 1986; Liu 1988),
// widened by t/z for the degrees of freedom. Bins are taken as given. strata are those of
// clusters. The interval is cut to [0, 1].
func CalibrationError(items []Prediction, bins []int, strata []int, level float64, seed uint64) (interval Interval, chance float64, err error) {
	count := 0
	for _, bin := range bins {
		count = max(count, bin+1)
	}
	n, gap := make([]float64, count), make([]float64, count)
	for i, item := range items {
		n[bins[i]]++
		gap[bins[i]] += item.Predicted - item.Outcome
	}
	for b := range gap {
		gap[b] /= n[b]
	}
	size := func(gaps []float64) float64 {
		var sum float64
		for b, g := range gaps {
			sum += n[b] / float64(len(items)) * math.Abs(g)
		}
		return sum
	}
	// Clusters without an item are none.
	position := make([]int, len(strata))
	var used []int
	for i := range position {
		position[i] = -1
	}
	for _, item := range items {
		if position[item.Cluster] < 0 {
			position[item.Cluster] = 0
		}
	}
	for cluster := range strata {
		if position[cluster] == 0 {
			position[cluster] = len(used)
			used = append(used, strata[cluster])
		}
	}
	if len(used) < FewestClusters {
		return Interval{}, 0, ErrTooFew
	}
	residuals := make([][]float64, len(used))
	for i := range residuals {
		residuals[i] = make([]float64, count)
	}
	for i, item := range items {
		b := bins[i]
		residuals[position[item.Cluster]][b] += (item.Predicted - item.Outcome - gap[b]) / n[b]
	}
	groups := collapse(used)
	for _, group := range groups {
		members := float64(len(group))
		for b := range count {
			var mean float64
			for _, i := range group {
				mean += residuals[i][b] / members
			}
			for _, i := range group {
				residuals[i][b] = math.Sqrt(members/(members-1)) * (residuals[i][b] - mean)
			}
		}
	}
	random := rand.New(rand.NewPCG(seed, 0x63616c69)) // "cali"
	drawn := make([]float64, calibrationDraws)
	gaps := make([]float64, count)
	for draw := range drawn {
		clear(gaps)
		for _, residual := range residuals {
			xi := random.NormFloat64()
			for b, r := range residual {
				gaps[b] += xi * r
			}
		}
		drawn[draw] = size(gaps)
	}
	slices.Sort(drawn)
	chance = mean(drawn)
	half := drawn[int(math.Ceil(level*(calibrationDraws+1)))-1]
	half *= studentQuantile(level, float64(len(used)-len(groups))) / distuv.UnitNormal.Quantile(0.5+level/2)
	if half <= 1e-12 {
		return Interval{}, 0, ErrNoSpread
	}
	value := size(gap)
	return Interval{Value: value, Low: max(0, value-half), High: min(1, value+half)}, chance, nil
}
