package stats

import "math"

// near reports whether an interval has the bounds that are wanted.
func near(got Interval, low, high, tolerance float64) bool {
	return math.Abs(got.Low-low) <= tolerance && math.Abs(got.High-high) <= tolerance
}

// holds reports whether x lies in an interval, bounds included.
func holds(i Interval, x float64) bool { return i.Low <= x && x <= i.High }
