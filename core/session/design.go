package session

import (
	"cmp"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/spec"
)

// Design is what an evaluate block can find in one or several variants.
type Design struct {
	Evaluation string
	Variants   int // that have this design
	metric.Design
	Compares bool // several models
	Judged   bool // by raters or people
	Fidelity bool
	BestOf   []BestOf // each size once
}

// BestOf is a choice of some images of every prompt, compared with as many others.
type BestOf struct{ N, Keep int }

// Seeds is how many seeds each row of an ablation has.
func (s *Session) Seeds() int {
	seeds := map[uint64]bool{}
	for _, v := range s.Variants {
		seeds[v.Seed] = true
	}
	return len(seeds)
}

// Designs lists the different designs of every evaluate block, in the order of the
// variants.
func (s *Session) Designs() []Design {
	var all []Design
	for _, v := range s.Variants {
		for _, evaluate := range v.Spec.Evaluate {
			one := designOf(evaluate)
			at := slices.IndexFunc(all, one.same)
			if at < 0 {
				at = len(all)
				all = append(all, one)
			}
			all[at].Variants++
		}
	}
	slices.SortStableFunc(all, func(a, b Design) int { return cmp.Compare(a.Evaluation, b.Evaluation) })
	return all
}

func designOf(e *spec.Evaluate) Design {
	d := Design{
		Evaluation: e.Name, Compares: len(e.Models) > 1, Judged: e.Alignment != nil, Fidelity: e.Fidelity != nil,
		Design: metric.Design{PerPrompt: e.PerPrompt},
	}
	position := map[metric.Stratum]int{}
	for _, prompt := range e.Prompts {
		of := metric.Stratum{Category: prompt.Category, Split: prompt.Split}
		at, known := position[of]
		if !known {
			at = len(d.Prompts)
			position[of] = at
			d.Prompts = append(d.Prompts, of)
		}
		d.Prompts[at].Prompts++
	}
	for _, best := range e.BestOf {
		if size := (BestOf{best.N, best.Keep}); !slices.Contains(d.BestOf, size) {
			d.BestOf = append(d.BestOf, size)
		}
	}
	return d
}

func (d Design) same(other Design) bool {
	return d.Evaluation == other.Evaluation && d.PerPrompt == other.PerPrompt && d.Compares == other.Compares &&
		d.Judged == other.Judged && d.Fidelity == other.Fidelity &&
		slices.Equal(d.Prompts, other.Prompts) && slices.Equal(d.BestOf, other.BestOf)
}
