// Package stats says how sure a number is.
//
// Images of one prompt resemble each other, so the prompt, not the image, is
// what a measurement draws at random: every interval and test here resamples
// clusters (prompts) and keeps their members together. All arithmetic is
// float64; all randomness comes from a seed that the caller gives, so the same
// input always yields the same interval.
//
// The package knows nothing of images, labels or rewards, and it never returns
// NaN: where a number cannot be had, it returns an error that says why.
package stats

import "errors"

// Reasons why a number cannot be had.
var (
	// ErrTooFew means fewer than two clusters (or values): nothing to vary.
	ErrTooFew = errors.New("fewer than two clusters")
	// ErrOneClass means that all items are positive, or all negative.
	ErrOneClass = errors.New("only one class is present")
	// ErrNoSpread means that all clusters, or values, are alike.
	ErrNoSpread = errors.New("no spread to see")
	// ErrNoChange means that no cluster differs between two treatments.
	ErrNoChange = errors.New("no cluster changed")
	// ErrUnstable means that the statistic is undefined in more than a tenth
	// of the resamples.
	ErrUnstable = errors.New("undefined in too many resamples")
)

// Level is the coverage of every interval in Plumb's reports.
const Level = 0.95

// Interval is an estimate with its bounds.
type Interval struct {
	Value, Low, High float64
}
