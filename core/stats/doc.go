// Package stats says how sure a number is.
//
// Images of one prompt resemble each other, so the prompt, not the image, is what a
// measurement draws at random, and it is drawn by stratum. Every interval and test
// here is over clusters (prompts), keeps their members together, and takes its
// variance within the strata. Intervals are about clusters of the strata's kinds,
// endlessly many of them, in the proportions that were drawn. All arithmetic is
// float64 in a fixed order, so the same input always yields the same interval; what
// is random comes from a seed that the caller gives.
//
// The package knows nothing of images, labels or rewards, and it never returns NaN or
// an interval without width: where a number cannot be had, it returns an error that
// says why.
package stats

import "errors"

// Reasons why a number cannot be had.
var (
	// ErrTooFew means that there are too few clusters (or values) for what was asked.
	ErrTooFew = errors.New("too few clusters")
	// ErrOneClass means that all items are positive, or all negative.
	ErrOneClass = errors.New("only one class is present")
	// ErrFewOfAClass means that too few clusters hold a positive, or a negative, item.
	ErrFewOfAClass = errors.New("a class is in too few clusters")
	// ErrFewCarry means that a few clusters make most of a mean.
	ErrFewCarry = errors.New("a few clusters carry the mean")
	// ErrChance means that too few clusters say what chance would give.
	ErrChance = errors.New("too few clusters for what chance would give")
	// ErrNoSpread means that all clusters, or values, are alike.
	ErrNoSpread = errors.New("no spread to see")
	// ErrNoChange means that no cluster differs between two treatments.
	ErrNoChange = errors.New("no cluster changed")
)

// Level is the coverage of every interval in Plumb's reports.
const Level = 0.95

// Interval is an estimate with its bounds.
type Interval struct {
	Value, Low, High float64
}
