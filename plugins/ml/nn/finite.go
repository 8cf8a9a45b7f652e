package nn

// FirstNonFinite returns the index of the first NaN or infinity, or -1. A network
// makes those of damaged weights, or where half precision overflows.
func FirstNonFinite(values []float32) int {
	for i, x := range values {
		if x-x != 0 { // 0 for every finite number, NaN for the others
			return i
		}
	}
	return -1
}
