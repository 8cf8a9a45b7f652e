package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// cell is a kind of experiment.
type cell struct {
	size     int     // prompts; of scenarios over seeds, seeds
	truth    float64 // what the scenario makes of it
	likeness float64 // of the images of a prompt: 0 independent, 1 all alike
}

// scenario is a way to make up experiments.
type scenario struct {
	name     string
	sizes    []int
	truths   []float64
	likeness []float64
	// prepare says what is true in a cell, by the name of the estimate, which is that of
	// a metric, and how an experiment is made up and measured. Of the metrics those over
	// all prompts are looked at; the true value is in the metric's unit.
	prepare func(c cell) (truth map[string]float64, measure func(random *rand.Rand) ([]record.Metric, error))
}

var (
	allSizes   = []int{4, 8, 15, 30, 60, 120, 240}
	allTruths  = []float64{0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98}
	likenesses = []float64{0, 0.3, 0.95}
)

// scenarios is what is simulated.
var scenarios = []scenario{
	good, outcomes, preferences, strengths, fewWins, skips, scores, unboundedScores, accuracy, pairs, area, rewards, bestOf, agreement, seeds, seedDifferences,
	distances, wideDistances, realDistances, diversity,
}

// row is what came of a cell for one estimate.
type row struct {
	scenario, estimate string
	cell
	target       float64 // the true value
	experiments  int     // with a value
	without      int     // of those, without an interval
	covered      int
	below, above int     // intervals that lie below, above the truth
	half         float64 // mean half width
	attainable   bool
}

// shown is the intervals that were given.
func (r row) shown() int { return r.experiments - r.without }

func (r row) coverage() float64 { return float64(r.covered) / float64(r.shown()) }

func (r row) String() string {
	mark := ""
	if !r.attainable {
		mark = " discrete"
	}
	return fmt.Sprintf("%s\t%s\t%d\ttruth %.4g\tlikeness %.2f\tcoverage %.1f\tbelow %.1f above %.1f\thalf %.4g\twithout %.0f %%%s",
		r.scenario, r.estimate, r.size, r.target, r.likeness, 100*r.coverage(),
		100*float64(r.below)/float64(r.shown()), 100*float64(r.above)/float64(r.shown()), r.half, 100*float64(r.without)/float64(r.experiments), mark)
}

// few is the fewest intervals of a cell that say something of their coverage.
const few = 200

// run simulates every cell.
func (s scenario) run(ctx context.Context, experiments int, seed uint64) ([]row, error) {
	var rows []row
	for _, size := range s.sizes {
		for _, truth := range s.truths {
			for _, likeness := range s.likeness {
				found, err := s.cell(ctx, cell{size, truth, likeness}, experiments, seed)
				if err != nil {
					return nil, fmt.Errorf("%s, %d, %v: %w", s.name, size, truth, err)
				}
				rows = append(rows, found...)
			}
		}
	}
	return rows, nil
}

func (s scenario) cell(ctx context.Context, c cell, experiments int, seed uint64) ([]row, error) {
	truth, measure := s.prepare(c)
	stream := hashed(fmt.Sprint(s.name, c))
	all, err := inParallel(ctx, experiments, func(i int) ([]record.Metric, error) {
		metrics, err := measure(rand.New(rand.NewPCG(seed<<32+uint64(i), stream)))
		return slices.DeleteFunc(metrics, func(m record.Metric) bool {
			_, wanted := truth[m.Name]
			return !wanted || m.Category != "" || m.Split != ""
		}), err
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range truth {
		names = append(names, name)
	}
	slices.Sort(names)
	var rows []row
	for _, name := range names {
		r := row{scenario: s.name, estimate: name, cell: c, target: truth[name]}
		var values []float64
		for _, metrics := range all {
			for _, m := range metrics {
				if m.Name == name && m.Value != nil {
					if m.Low != nil {
						values = append(values, *m.Value)
					}
					if err := r.add(m); err != nil {
						return nil, err
					}
				}
			}
		}
		r.half /= float64(r.shown())
		r.attainable = attainable(values)
		rows = append(rows, r)
	}
	return rows, nil
}

// add counts one estimate. That an interval has width, holds its value and stays in
// its range is not a matter of chance.
func (r *row) add(m record.Metric) error {
	r.experiments++
	if m.Low == nil {
		r.without++
		return nil
	}
	lowest, highest := math.Inf(-1), math.Inf(1)
	if definition, ok := metric.Define(m.Name); ok && definition.Unit == record.Share {
		lowest, highest = 0, 1
	} else if ok && definition.Unit == record.Points {
		lowest, highest = -100, 100
	}
	if !(*m.Low < *m.High && *m.Low <= *m.Value && *m.Value <= *m.High && lowest <= *m.Low && *m.High <= highest) {
		return fmt.Errorf("%s is %v with the interval [%v, %v]", m.Name, *m.Value, *m.Low, *m.High)
	}
	const rounding = 1e-9
	switch {
	case *m.High < r.target-rounding:
		r.below++
	case *m.Low > r.target+rounding:
		r.above++
	default:
		r.covered++
	}
	r.half += (*m.High - *m.Low) / 2
	return nil
}

// attainable reports whether some range of the values that were drawn leaves 1.5 to
// 3.5 % of them beyond either end, and so holds 93 to 97 %. Where values are few, or many
// stand at an end of their range, none may, and no rule by which greater values have
// higher bounds can be right at both ends there.
func attainable(values []float64) bool {
	slices.Sort(values)
	n := float64(len(values))
	end := func(beyond int) bool { return float64(beyond) >= 0.015*n && float64(beyond) <= 0.035*n }
	var below, above bool
	for i := 1; i < len(values); i++ {
		if values[i] != values[i-1] {
			below, above = below || end(i), above || end(len(values)-i)
		}
	}
	return below && above
}

// inParallel calls do for 0 to n-1 and returns what it gave, in order.
func inParallel[T any](ctx context.Context, n int, do func(i int) (T, error)) ([]T, error) {
	results, errs := make([]T, n), make([]error, n)
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		wait.Go(func() {
			for i := worker; i < n && ctx.Err() == nil; i += workers {
				results[i], errs[i] = do(i)
			}
		})
	}
	wait.Wait()
	for _, err := range append(errs, ctx.Err()) {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

func hashed(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}
