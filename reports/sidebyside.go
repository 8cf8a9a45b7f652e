package reports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/protocol"
	"github.com/plumb-ml/plumb/core/record"
)

// SideBySide is several runs in one table: every number of a model or reward beside
// that of the baseline run, where the two were made alike.
type SideBySide struct {
	Baseline string           `json:"baseline"` // the run that the others are compared with
	Runs     []ComparedRun    `json:"runs"`
	Numbers  []ComparedNumber `json:"numbers"`
	Seeds    []ComparedSeeds  `json:"seeds,omitempty"` // of ablations
	// Protocols are those of the numbers, which name them by their places.
	Protocols []protocol.Protocol `json:"protocols"`
}

// ComparedRun is a run, and what it has other than the runs beside it.
type ComparedRun struct {
	Run     string          `json:"run"`
	File    string          `json:"file"`
	State   record.RunState `json:"state"`
	Command string          `json:"command"`
	Differs []string        `json:"differs"` // NAME=VALUE of what the runs do not have in common
}

// ComparedNumber is a number of a run, and its comparison with that of the baseline run.
type ComparedNumber struct {
	Run        string `json:"run"`
	Variant    string `json:"variant,omitempty"`
	Evaluation string `json:"evaluation"`
	Subject    string `json:"subject"` // the model, reward or images
	Metric     string `json:"metric"`  // a row of the table of metrics
	Reward     string `json:"reward,omitempty"`
	Split      string `json:"split,omitempty"`
	// Value is nil where it could not be computed, and where the comparison is refused:
	// numbers that are not alike are not shown side by side.
	Value    *float64    `json:"value"`
	Low      *float64    `json:"low,omitempty"`
	High     *float64    `json:"high,omitempty"`
	N        int         `json:"n"`
	Clusters int         `json:"clusters"` // prompts
	Unit     record.Unit `json:"unit,omitempty"`
	Protocol int         `json:"protocol"` // which of the protocols it has
	Note     string      `json:"note,omitempty"`

	Against   string                `json:"against,omitempty"` // the run, variant and subject that it is compared with
	Unlike    []protocol.Difference `json:"unlike,omitempty"`  // what the two protocols do not have in common
	Refused   bool                  `json:"refused,omitempty"` // because of that
	Compared  []ComparedDifference  `json:"compared,omitempty"`
	NotTested string                `json:"not_tested,omitempty"` // why there is no comparison, in words

	setting  string   // of the variant, without its seed
	theirs   *float64 // the baseline run's number, if that may stand beside it
	sameSeed bool     // the variant that it is compared with has the same
}

// ComparedDifference is the paired difference of a number from the baseline run's.
type ComparedDifference struct {
	Metric     string      `json:"metric"` // of the difference: such as good_share_difference
	Difference *float64    `json:"difference"`
	Low        *float64    `json:"low,omitempty"`
	High       *float64    `json:"high,omitempty"`
	Unit       record.Unit `json:"unit,omitempty"`
	N          int         `json:"n"`
	P          *float64    `json:"p,omitempty"` // after Holm's correction over all of one evaluation
	Conclusion Conclusion  `json:"conclusion"`
	Interval   string      `json:"interval,omitempty"`
	Test       string      `json:"test,omitempty"`
	Note       string      `json:"note,omitempty"`

	comparison *Comparison
}

// Compare sets runs side by side. The baseline is one of them, by its position. Inputs
// need Open: differences are worked out anew, of the tables that the numbers were made
// of, as if all models had been in one evaluation.
func Compare(ctx context.Context, inputs []Input, baseline int) (*SideBySide, error) {
	c := &comparer{SideBySide: &SideBySide{Baseline: inputs[baseline].Run.FullName()}}
	var runs []*record.Run
	for _, input := range inputs {
		runs = append(runs, input.Run)
	}
	differs := record.Differences(runs)
	for i, input := range inputs {
		run := input.Run
		c.Runs = append(c.Runs, ComparedRun{Run: run.FullName(), File: run.File, State: run.State, Command: run.Command, Differs: slices.Concat([]string{}, differs[i])})
		c.sides = append(c.sides, c.sidesOf(input))
	}
	made := newProtocols()
	order := append([]int{baseline}, slices.DeleteFunc(positions(len(inputs)), func(i int) bool { return i == baseline })...)
	for _, i := range order {
		for _, own := range c.sides[i] {
			for at := range own.metrics {
				m := &own.metrics[at]
				if !sideBySide(m) {
					continue
				}
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				number := ComparedNumber{
					Run: own.run, Variant: own.variant.Name, Evaluation: own.name, Subject: m.Subject, Metric: m.Name, Reward: m.Reward, Split: m.Split,
					Value: m.Value, Low: m.Low, High: m.High, N: m.N, Clusters: m.Clusters, Unit: m.Unit, Note: m.Note,
					Protocol: made.add(own.trace, own.evaluation, at), setting: own.variant.label,
				}
				if i != baseline {
					if err := c.compare(ctx, &number, own, at, c.sides[baseline]); err != nil {
						return nil, err
					}
				}
				c.Numbers = append(c.Numbers, number)
			}
		}
	}
	c.Protocols = made.all()
	c.correct()
	c.overSeeds()
	return c.SideBySide, nil
}

func positions(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// sideBySide reports whether a number is of a subject alone, over all prompts of a
// split, and has a better direction: what else there is follows from such numbers.
func sideBySide(m *record.Metric) bool {
	row, ok := metric.Define(m.Name)
	return ok && row.Title != "" && row.Better != record.Neither && row.Measure != metric.MeasureCheckpoints &&
		m.Category == "" && m.Part == "" && m.Perturbation == "" && m.Bin == 0 &&
		(m.Versus == "" || m.VersusChoice == record.Reference) && m.Choice != record.OtherDraws && m.Choice != record.Random
}

// comparer is a comparison while it is made.
type comparer struct {
	*SideBySide
	sides [][]side // of each run
}

// side is one evaluation of a variant of a run.
type side struct {
	evaluation
	run     string
	variant variant
	trace   *protocol.Trace
	input   Input
}

func (c *comparer) sidesOf(input Input) []side {
	var all []side
	for _, v := range variantsOf(input) {
		trace := v.trace()
		for _, e := range v.evaluations {
			all = append(all, side{e, input.Run.FullName(), v, trace, input})
		}
	}
	return all
}

// counterpart finds the evaluation of the baseline run that one is compared with: of
// the variant of the same values, or the only one, or its baseline under the same seed;
// of the same name, or the only one.
func counterpart(own side, baseline []side) (side, string) {
	var variants, references, evaluations []string
	for _, other := range baseline {
		if v := other.variant; !slices.Contains(variants, v.Name) {
			variants = append(variants, v.Name)
			if b := other.input.Run.Baseline; b != "" && (b == v.label || b == v.Name) && v.Seed == own.variant.Seed {
				references = append(references, v.Name)
			}
		}
	}
	name := own.variant.Name
	switch {
	case slices.Contains(variants, name):
	case len(variants) == 1:
		name = variants[0]
	case len(references) == 1:
		name = references[0]
	default:
		return side{}, "the baseline run has no variant of these values, and no baseline variant of this seed"
	}
	var found []side
	for _, other := range baseline {
		if other.variant.Name == name {
			found, evaluations = append(found, other), append(evaluations, other.name)
		}
	}
	if at := slices.Index(evaluations, own.name); at >= 0 {
		return found[at], ""
	}
	if len(found) == 1 {
		return found[0], ""
	}
	return side{}, fmt.Sprintf("the baseline run has no evaluation %q", own.name)
}

// like finds the number of the baseline run that a number is compared with: of the
// subject of the same name, or, of a model that the baseline run does not have, of the
// baseline of its evaluation.
func like(m *record.Metric, other side) int {
	of := func(subject string) int {
		return slices.IndexFunc(other.metrics, func(o record.Metric) bool {
			return sideBySide(&o) && o.Name == m.Name && o.Subject == subject && o.Split == m.Split && o.Reward == m.Reward && o.Choice == m.Choice
		})
	}
	at := of(m.Subject)
	row, _ := metric.Define(m.Name)
	if at < 0 && row.Measure.Definition().Model && other.baseline != "" {
		at = of(other.baseline)
	}
	return at
}

// compare completes a number with its comparison.
func (c *comparer) compare(ctx context.Context, number *ComparedNumber, own side, at int, baseline []side) error {
	m := &own.metrics[at]
	other, why := counterpart(own, baseline)
	if why != "" {
		number.NotTested = why
		return nil
	}
	theirs := like(m, other)
	if theirs < 0 {
		row, _ := metric.Define(m.Name)
		number.NotTested = fmt.Sprintf("the baseline run has no number %q of it", row.Title)
		return nil
	}
	their := &other.metrics[theirs]
	number.Against = strings.Join(slices.DeleteFunc([]string{other.run, other.variant.Name, their.Subject}, func(s string) bool { return s == "" }), " ")
	number.Unlike = protocol.Unlike(other.trace.Protocol(other.sources[theirs], their), own.trace.Protocol(own.sources[at], m))
	switch protocol.Worst(number.Unlike) {
	case protocol.Refuse:
		number.Refused = true
		number.Value, number.Low, number.High, number.Note = nil, nil, nil, ""
		return nil
	case protocol.Unpaired:
		number.NotTested = "not paired: the images were not drawn from the same seeds"
		return nil
	}
	number.theirs, number.sameSeed = their.Value, own.variant.Seed == other.variant.Seed
	if m.Value == nil || their.Value == nil {
		number.NotTested = cmp.Or(m.Note, their.Note, "one of the numbers could not be computed")
		return nil
	}
	compared, why, err := c.paired(ctx, own, at, other, theirs)
	if err != nil {
		return fmt.Errorf("compare %s of %s, %s: %w", m.Name, own.run, m.Subject, err)
	}
	number.Compared, number.NotTested = compared, why
	return nil
}

// correct gives the differences of each evaluation their p values by Holm's method.
func (c *comparer) correct() {
	families := map[string]*family{}
	for i := range c.Numbers {
		number := &c.Numbers[i]
		for j := range number.Compared {
			d := &number.Compared[j]
			if d.P == nil {
				continue
			}
			if families[number.Evaluation] == nil {
				families[number.Evaluation] = &family{}
			}
			families[number.Evaluation].add(d.comparison, *d.P)
		}
	}
	for _, tested := range families {
		tested.correct()
	}
	for i := range c.Numbers {
		for j := range c.Numbers[i].Compared {
			d := &c.Numbers[i].Compared[j]
			d.P, d.Conclusion = d.comparison.P, d.comparison.Conclusion()
		}
	}
}

// Refusals counts the numbers that were compared, or shown beside the baseline run's,
// and those that were refused.
func (s *SideBySide) Refusals() (alike, refused int) {
	for _, number := range s.Numbers {
		switch {
		case number.Run == s.Baseline || number.Against == "":
		case number.Refused:
			refused++
		default:
			alike++
		}
	}
	return alike, refused
}

// errNoTables is of inputs whose tables cannot be opened.
var errNoTables = errors.New("the tables behind the numbers cannot be opened")
