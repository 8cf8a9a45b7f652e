package stats

import "slices"

// Holm adjusts the p values of a family of tests, so that rejecting those at
// or below alpha keeps the chance of any false rejection below alpha. The
// result is in the order of p.
//
// Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure. With
// p sorted upwards:
//
//	adjusted_i = max over j <= i of min(1, (m - j + 1) p_j)
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	adjusted := make([]float64, len(p))
	var highest float64
	for rank, i := range order {
		highest = max(highest, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = highest
	}
	return adjusted
}
