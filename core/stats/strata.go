package stats

import "slices"

// Join makes strata of at least the given number of units: a smaller one is put
// together with the smaller of those beside it in the order of their numbers
// (collapsed strata, Cochran 1977, Sampling Techniques, section 5A.12). What
// differs between the two then counts as spread within, which errs to the wide
// side. strata[i] is the stratum of unit i; the result's strata are numbered from
// 0 in the same order.
func Join(strata []int, least int) []int {
	numbers := slices.Clone(strata)
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	parts := make([][]int, len(numbers)) // numbers that belong together
	sizes := make([]int, len(numbers))
	for i, number := range numbers {
		parts[i] = []int{number}
		for _, stratum := range strata {
			if stratum == number {
				sizes[i]++
			}
		}
	}
	for len(parts) > 1 {
		at := slices.IndexFunc(sizes, func(size int) bool { return size < least })
		if at < 0 {
			break
		}
		with := at - 1
		if at == 0 || at+1 < len(sizes) && sizes[at+1] < sizes[at-1] {
			with = at
		}
		parts[with] = append(parts[with], parts[with+1]...)
		sizes[with] += sizes[with+1]
		parts, sizes = slices.Delete(parts, with+1, with+2), slices.Delete(sizes, with+1, with+2)
	}
	joined := make([]int, len(strata))
	for i, stratum := range strata {
		joined[i] = slices.IndexFunc(parts, func(part []int) bool { return slices.Contains(part, stratum) })
	}
	return joined
}
