package stats

import (
	"cmp"
	"slices"
	"sort"
)

// Isotonic is a function that never falls, fitted to points: the one with the least
// squared distance from them.
type Isotonic struct {
	at, value []float64 // at ascends, value does not fall
}

// FitIsotonic fits by pooling adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman
// 1955, An Empirical Distribution Function for Sampling with Incomplete Information):
// neighbours that fall are joined to their mean until none do. Points with the same x
// are one. Between points the function is straight, beyond them it stays. Of no points
// it is zero.
func FitIsotonic(x, y []float64) Isotonic {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	type block struct {
		sum, n float64
		points int // of different x
	}
	var blocks []block
	var f Isotonic
	for _, i := range order {
		if n := len(f.at); n > 0 && f.at[n-1] == x[i] {
			blocks[len(blocks)-1].sum += y[i]
			blocks[len(blocks)-1].n++
			continue
		}
		f.at = append(f.at, x[i])
		blocks = append(blocks, block{y[i], 1, 1})
	}
	var pooled []block
	for _, b := range blocks {
		pooled = append(pooled, b)
		for n := len(pooled); n > 1 && pooled[n-2].sum*pooled[n-1].n >= pooled[n-1].sum*pooled[n-2].n; n = len(pooled) {
			pooled[n-2].sum += pooled[n-1].sum
			pooled[n-2].n += pooled[n-1].n
			pooled[n-2].points += pooled[n-1].points
			pooled = pooled[:n-1]
		}
	}
	for _, b := range pooled {
		for range b.points {
			f.value = append(f.value, b.sum/b.n)
		}
	}
	return f
}

// At is the function's value.
func (f Isotonic) At(x float64) float64 {
	if len(f.at) == 0 {
		return 0
	}
	i := sort.SearchFloat64s(f.at, x)
	switch {
	case i == len(f.at):
		return f.value[i-1]
	case i == 0 || f.at[i] == x:
		return f.value[i]
	}
	part := (x - f.at[i-1]) / (f.at[i] - f.at[i-1])
	return f.value[i-1] + part*(f.value[i]-f.value[i-1])
}
