package bench

import (
	"fmt"
	"slices"
	"time"
)

// fewest repetitions that a median and a spread are taken of, unless Options say
// another number.
const fewest = 5

// patience is how many budgets may pass before fewest repetitions are done.
const patience = 20

// Timing is what repeating something took. The first time is not among the
// repetitions: it compiles, and is their warm-up.
type Timing struct {
	// Compile is the first time, less the median of the others: building and
	// compiling graphs, on a GPU autotuning, and uploading weights.
	Compile     float64 `json:"compile_seconds"`
	Seconds     float64 `json:"seconds"`      // the median
	Low         float64 `json:"seconds_low"`  // the lower quartile
	High        float64 `json:"seconds_high"` // the upper quartile
	Repetitions int     `json:"repetitions"`
}

// timing sums repetitions up, each in seconds.
func timing(first float64, each []float64) Timing {
	sorted := slices.Sorted(slices.Values(each))
	median := quantile(sorted, 0.5)
	return Timing{
		Compile: max(0, first-median),
		Seconds: median, Low: quantile(sorted, 0.25), High: quantile(sorted, 0.75), Repetitions: len(each),
	}
}

// quantile interpolates between the values around a position (Hyndman and Fan 1996,
// definition 7).
func quantile(sorted []float64, q float64) float64 {
	position := q * float64(len(sorted)-1)
	below := int(position)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (position-float64(below))*(sorted[below+1]-sorted[below])
}

// enough reports whether something has been repeated enough: for the budget, and
// as often as asked, unless that takes far longer.
func (c Case) enough(repetitions int, elapsed time.Duration) bool {
	if repetitions < 1 {
		return false
	}
	least := c.Least
	if least <= 0 {
		least = fewest
	}
	return elapsed >= c.Budget && repetitions >= least || elapsed >= patience*c.Budget
}

// repeat times something: once, and then again and again.
func (c Case) repeat(once func() error) (Timing, error) {
	start := time.Now()
	if err := once(); err != nil {
		return Timing{}, err
	}
	first := time.Since(start).Seconds()
	var each []float64
	for begin := time.Now(); !c.enough(len(each), time.Since(begin)); {
		start := time.Now()
		if err := once(); err != nil {
			return Timing{}, err
		}
		each = append(each, time.Since(start).Seconds())
	}
	return timing(first, each), nil
}

// per is the timing of a part, of which there are n in what was timed.
func (t Timing) per(n float64) Timing {
	t.Seconds, t.Low, t.High = t.Seconds/n, t.Low/n, t.High/n
	return t
}

// text is the median with its quartiles.
func (t Timing) text() string {
	if t.Repetitions == 1 {
		return fmt.Sprintf("%.3g s (once)", t.Seconds)
	}
	return fmt.Sprintf("%.3g s [%.3g, %.3g] (median and quartiles of %d)", t.Seconds, t.Low, t.High, t.Repetitions)
}
