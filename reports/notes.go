package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// notes says how the numbers of a report were made and what they leave out, and apart
// what of that is trouble, or is stated of all results.
func notes(run *record.Run, variants []variant) (all, trouble []string) {
	add := func(format string, values ...any) {
		if note := fmt.Sprintf(format, values...); !slices.Contains(all, note) {
			all = append(all, note)
		}
	}
	for _, v := range variants {
		for _, e := range v.evaluations {
			for _, m := range e.metrics {
				if m.Name == metric.GoodShare && m.Category == "" && m.Split == "" {
					add("%s: %d images of %d prompts a model, each judged by %s raters (%s); %s.",
						e.name, m.N, m.Clusters, m.Protocol["raters"], m.Rater, m.Protocol["majority"])
					break
				}
			}
			for _, m := range e.overall(metric.PreferenceBetterShare) {
				add("%s: %d pairs of images of %d prompts for each two models, each shown to %s raters (%s) and asked for %s.",
					e.name, m.N, m.Clusters, m.Protocol["raters"], m.Rater, m.Aspect)
			}
		}
	}
	for _, v := range variants {
		for _, s := range v.stages {
			if r := s.record; s.Kind == record.KindRate && s.Evaluation == "" && s.Measure == "" && r != nil {
				which := ""
				if s.Reward != "" {
					which = fmt.Sprintf(" that %s was least sure of,", s.Reward)
				}
				add("Labels %s: %d images%s with %d labels, one of each rater who judged them.", s.Subject, r.Items, which, r.Outputs["labels"].Rows)
			}
		}
	}
	if agreed := agreement(variants); agreed != "" {
		add("%s", agreed)
	}
	var seeds []string
	for _, v := range variants {
		if seed := fmt.Sprint(v.Seed); !slices.Contains(seeds, seed) {
			seeds = append(seeds, seed)
		}
	}
	if len(seeds) == 1 {
		add("Seed %s.", seeds[0])
	} else if len(seeds) > 1 {
		add("Seeds %s.", strings.Join(seeds, ", "))
	}
	told := map[string]bool{} // keys: variants share stages
	for _, v := range variants {
		for _, s := range v.stages {
			if s.record == nil || len(s.record.Facts) == 0 || s.Kind == record.KindPrefer && s.record.Component == "" || s.Kind == record.KindTune || s.Kind == record.KindKeep || told[s.Key] {
				continue
			}
			told[s.Key] = true
			of := ""
			if len(variants) > 1 {
				of = v.Name
			}
			add("%s", facts(s.record, of))
		}
	}
	if rewards := meanRewards(variants); rewards != "" {
		add("%s", rewards)
	}
	trouble = slices.Clone(run.Notices)
	if unfinished := unfinished(run); unfinished != "" {
		trouble = append(trouble, unfinished)
	}
	trouble = append(append(trouble, troubles(variants)...), repairs(run)...)
	for _, one := range trouble {
		add("%s", one)
	}
	machine := run.Machine
	if machine.OS != "" {
		parts := []string{fmt.Sprintf("%s/%s, %d CPUs", machine.OS, machine.Arch, machine.CPUs)}
		for _, part := range []string{machine.Backend, machine.Device} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		add("Machine: %s.", strings.Join(parts, ", "))
	}
	if run.Seconds > 0 {
		add("Took %s of work, that of cached stages included.", time.Duration(math.Round(run.Seconds)*float64(time.Second)))
	}
	return all, trouble
}

// unfinished says of a run that did not come to its end how far it came.
func unfinished(run *record.Run) string {
	how := map[record.RunState]string{
		record.RunRunning:     "goes on",
		record.RunInterrupted: "was interrupted",
		record.RunKilled:      "was killed",
	}[run.State]
	if how == "" {
		return ""
	}
	return fmt.Sprintf("The run %s: %d of its %d stages have finished, and these numbers are of those.", how, run.Finished, run.Stages)
}

// mostRepairs is how many repairs a report tells one by one.
const mostRepairs = 10

// repairs tells what was found damaged and made again, and how often that was.
func repairs(run *record.Run) []string {
	if len(run.Repairs) == 0 {
		return nil
	}
	count := "Once, something was found damaged and made again"
	if len(run.Repairs) > 1 {
		count = fmt.Sprintf("%d times, something was found damaged and made again", len(run.Repairs))
	}
	said := []string{count + ". The numbers are those of undamaged results; a disk that does this more than once deserves a look."}
	for i, repair := range run.Repairs {
		if i == mostRepairs {
			said = append(said, fmt.Sprintf("Repaired: and %d more; `plumb runs --json` counts them.", len(run.Repairs)-i))
			break
		}
		said = append(said, fmt.Sprintf("Repaired on %s: %s: %s", repair.At.UTC().Format(time.DateTime), repair.Stage, oneLine(repair.What)))
	}
	return said
}

// agreement says how far the raters agree, over all that they rated.
func agreement(variants []variant) string {
	var alphas []float64
	for _, v := range variants {
		for _, e := range v.evaluations {
			for _, m := range e.metrics {
				if m.Name == metric.AgreementAlpha && m.Value != nil && m.Category == "" && m.Split == "" {
					alphas = append(alphas, *m.Value)
				}
			}
		}
	}
	if len(alphas) == 0 {
		return ""
	}
	return "Krippendorff's alpha of the raters, by model: " + spread(alphas, "%.2f") + "."
}

// meanRewards says what the mean reward of the images of each fine-tuning was: where
// rewards are divided by it, the paper's beta is another loss's weight times it.
func meanRewards(variants []variant) string {
	var order []string
	of := map[string][]float64{}
	for _, v := range variants {
		for _, s := range v.stages {
			if s.record == nil || s.Kind != record.KindTune {
				continue
			}
			mean, ok := s.record.Facts[record.MeanReward]
			if !ok {
				continue
			}
			if of[s.Subject] == nil {
				order = append(order, s.Subject)
			}
			of[s.Subject] = append(of[s.Subject], mean)
		}
	}
	if order == nil {
		return ""
	}
	var said []string
	for _, subject := range order {
		said = append(said, subject+" "+spread(of[subject], "%.3f"))
	}
	return "Mean reward of the images that a fine-tuning weighs: " + strings.Join(said, ", ") +
		". Beside rewards that are divided by it (the default), a weight times it is in the paper's unit, such as its beta."
}

// spread is the range of some numbers, or the number that they all are.
func spread(values []float64, format string) string {
	low, high := fmt.Sprintf(format, slices.Min(values)), fmt.Sprintf(format, slices.Max(values))
	if low == high {
		return low
	}
	return low + " to " + high
}

// reasons are why stages did not finish; stages that share one are told together.
type reasons struct {
	order  []string
	stages map[string][]string // by reason
}

func (r *reasons) add(s stage) {
	reason := oneLine(s.Diagnostics.Error())
	if r.stages == nil {
		r.stages = map[string][]string{}
	}
	if r.stages[reason] == nil {
		r.order = append(r.order, reason)
	}
	r.stages[reason] = append(r.stages[reason], s.Node)
}

// told is a line for each reason.
func (r *reasons) told(heading string) []string {
	var lines []string
	for _, reason := range r.order {
		lines = append(lines, heading+strings.Join(r.stages[reason], ", ")+": "+reason)
	}
	return lines
}

// troubles says what failed, what waits for people, what is missing and what
// stages warned of. The same trouble of several variants is one line.
func troubles(variants []variant) []string {
	var order []string
	where := map[string][]string{}
	add := func(v variant, trouble string) {
		if where[trouble] == nil {
			order = append(order, trouble)
		}
		if !slices.Contains(where[trouble], v.Name) {
			where[trouble] = append(where[trouble], v.Name)
		}
	}
	for _, v := range variants {
		named := map[string][]string{} // stages, by what is said of them together
		var failed, waiting reasons
		for _, s := range v.stages {
			switch {
			case s.Status == record.Failed:
				failed.add(s)
			case s.Status == record.Waiting:
				waiting.add(s)
			case s.Status == record.NotRun:
				said := "Not run because of that: "
				if needs, ok := v.stageOf(s.Needs); ok && needs.Status == record.Waiting {
					said = "Not run before that: "
				}
				named[said] = append(named[said], s.Node)
			case s.Status == record.Interrupted:
				named["Interrupted: "] = append(named["Interrupted: "], s.Node)
			case s.record == nil && s.Kind == record.KindMeasure:
				named["Missing: "] = append(named["Missing: "], s.Node)
			}
			if s.record != nil {
				for _, warning := range s.record.Warnings {
					add(v, "Warning of "+s.Node+": "+oneLine(warning))
				}
			}
		}
		list := func(said string) {
			if named[said] != nil {
				add(v, said+strings.Join(named[said], ", "))
			}
		}
		for _, trouble := range failed.told("Failed: ") {
			add(v, trouble)
		}
		list("Not run because of that: ")
		for _, trouble := range waiting.told("Waiting for people: ") {
			add(v, trouble)
		}
		list("Not run before that: ")
		list("Interrupted: ")
		list("Missing: ")
	}
	for i, trouble := range order {
		names := where[trouble]
		switch {
		case len(variants) == 1:
		case len(names) == len(variants):
			order[i] += " (in every variant)"
		case len(names) > 3:
			order[i] += fmt.Sprintf(" (in %s and %d other variants)", names[0], len(names)-1)
		default:
			order[i] += " (in " + strings.Join(names, "; ") + ")"
		}
	}
	return order
}

// facts is a record's numbers about its own component in words, such as a
// judge's accuracy; of comparisons, also about the stage and the variant that it is
// of.
func facts(r *record.Record, variant string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(r.Facts)) {
		if r.Kind == record.KindPrefer && slices.Contains([]string{record.Pairs, record.IdenticalPairs, record.TieShare}, name) {
			continue // the table of preferences has them
		}
		words = append(words, fmt.Sprintf("%s %.4g", strings.ReplaceAll(name, "_", " "), r.Facts[name]))
	}
	who := r.Component
	if r.Kind == record.KindCompare {
		// Pairs that a file or labels give have no component.
		who = r.Node
		if variant != "" {
			who += " [" + variant + "]"
		}
		if r.Component != "" {
			who += ", " + r.Component
		}
	}
	return who + ": " + strings.Join(words, ", ") + "."
}
