// Package finite looks for numbers that are none: NaN and infinities, which a
// network makes of damaged weights, or where half precision overflows.
package finite

// Not is the place of the first number that is not finite, or -1.
func Not(numbers []float32) int {
	for i, x := range numbers {
		if x-x != 0 { // 0 for every finite number, NaN for the others
			return i
		}
	}
	return -1
}
