package quality

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Conduct is how a rater goes about it, apart from what others say of the same items.
type Conduct struct {
	Gold      []Check // answers to items whose answer is known
	Attention []Check // answers to items whose answer is obvious
	Again     []Check // right: the answer is that which the rater gave the item before
	Skipped   []Check // all items that were seen; right: it was skipped
	Durations []time.Duration
}

// What makes a doubt.
const (
	// tooFast is under what people need to see what a picture shows and press a key for it:
	// about 450 ms at the median, and hardly ever under 300 ms, in a task as simple as an
	// animal or none (Thorpe, Fize and Marlot 1996, Speed of Processing in the Human Visual
	// System).
	tooFast = 300 * time.Millisecond
	// mostTooFast is the share of answers that a finger's slip makes.
	mostTooFast = 0.1
	// slips is the share of attention checks that an attentive rater may fail.
	slips = 0.1
	// mostSkipped is the share of skips that nobody is asked about.
	mostSkipped = 0.2
)

// conductTests is how many tests of each rater are made in Doubts.
const conductTests = 4

// Doubts says of each rater why the answers should be looked at:
//
//	gold       fewer right than of the others: the intervals do not touch; of a rater
//	           alone: fewer than half, by the interval
//	attention  more failed than slips of one in ten make
//	again      less often the same than the others' second answers
//	skips      more than one in five, and more than the others skip
//	speed      more than one in ten answers came faster than a picture can be seen
//
// The level holds for all tests of all raters together (Bonferroni). A doubt is no
// verdict.
func Doubts(all []Conduct, level float64) [][]string {
	level = 1 - (1-level)/float64(conductTests*max(1, len(all)))
	doubts := make([][]string, len(all))
	for r, c := range all {
		doubt := func(format string, arguments ...any) {
			doubts[r] = append(doubts[r], fmt.Sprintf(format, arguments...))
		}
		others := func(of func(Conduct) []Check) (checks []Check) {
			for o, other := range all {
				if o != r {
					checks = append(checks, of(other)...)
				}
			}
			return checks
		}
		fewer := func(own, theirs Checked) bool {
			return own.Share != nil && theirs.Share != nil && own.Share.High < theirs.Share.Low
		}
		own, theirs := CheckedBy(c.Gold, level), CheckedBy(others(func(c Conduct) []Check { return c.Gold }), level)
		switch {
		case fewer(own, theirs):
			doubt("has %d of %d gold items right, the others %.0f %%", own.Right, own.Of, 100*theirs.Share.Value)
		case own.Share != nil && theirs.Share == nil && own.Share.High < 0.5:
			doubt("has %d of %d gold items right", own.Right, own.Of)
		}
		if n := len(c.Attention); n > 0 {
			right := CheckedBy(c.Attention, level).Right
			// The chance of as many slips or more.
			chance := 1.0
			if right < n {
				chance = 1 - distuv.Binomial{N: float64(n), P: slips}.CDF(float64(n-right-1))
			}
			if chance < 1-level {
				doubt("failed %d of %d attention checks", n-right, n)
			}
		}
		own, theirs = CheckedBy(c.Again, level), CheckedBy(others(func(c Conduct) []Check { return c.Again }), level)
		if fewer(own, theirs) {
			doubt("answers the same item alike in %.0f %%, where the others do in %.0f %%", 100*own.Share.Value, 100*theirs.Share.Value)
		}
		own, theirs = CheckedBy(c.Skipped, level), CheckedBy(others(func(c Conduct) []Check { return c.Skipped }), level)
		if fewer(theirs, own) && own.Share.Value > mostSkipped {
			doubt("skips %.0f %%, where the others skip %.0f %%", 100*own.Share.Value, 100*theirs.Share.Value)
		}
		if fast := Fast(c.Durations); len(c.Durations) >= fewestForDoubt && float64(fast) > mostTooFast*float64(len(c.Durations)) {
			doubt("gave %d of %d answers in less than %.1f s", fast, len(c.Durations), tooFast.Seconds())
		}
	}
	return doubts
}

// Fast is how many answers came faster than a picture can be seen.
func Fast(durations []time.Duration) (n int) {
	for _, d := range durations {
		if d < tooFast {
			n++
		}
	}
	return n
}

// Median of durations; 0 of none.
func Median(durations []time.Duration) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(durations))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
