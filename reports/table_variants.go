package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// anyValue stands for a variable where no variant changes a row's numbers.
const anyValue = "any"

// group is the variants that differ in their seed alone: one row of an ablation.
type group struct {
	label    string
	baseline bool
	anyValue bool // stands for all groups
	seeds    []variant
}

func groupsOf(run *record.Run, variants []variant) []group {
	var all []group
	for _, v := range variants {
		at := slices.IndexFunc(all, func(g group) bool { return g.label == v.label })
		if at < 0 {
			at = len(all)
			all = append(all, group{label: v.label})
		}
		g := &all[at]
		g.seeds = append(g.seeds, v)
		if b := run.Baseline; b != "" && (b == v.label || b == v.Name || b == v.ID) {
			g.baseline = true
		}
	}
	return all
}

// measure is a metric of a model or reward in an ablation's tables.
type measure struct {
	column   Column
	headline bool // worth a row in the table of differences
	about    func(subject string) wanted
}

// variantTables compares the variants of an ablation: models, rewards, and
// their differences from the baseline variant.
func variantTables(run *record.Run, variants []variant) []Table {
	groups := groupsOf(run, variants)
	var names []string
	for _, v := range variants {
		for _, e := range v.evaluations {
			if !slices.Contains(names, e.name) {
				names = append(names, e.name)
			}
		}
	}
	var tables []Table
	for _, name := range names {
		c := comparison{groups: groups, evaluation: name}
		models := c.subjects(func(e evaluation) []string { return e.models })
		judged := c.subjects(func(e evaluation) []string {
			return e.distinct("reward_accuracy", func(m record.Metric) string { return m.Subject })
		})
		modelMeasures, rewardMeasures := c.modelMeasures(), c.rewardMeasures()
		for _, t := range []Table{
			c.table("variants", "Variants: models", "model", models, modelMeasures),
			c.table("variant-rewards", "Variants: agreement of the rewards with the raters", "reward", judged, rewardMeasures),
			c.bestOf(),
			c.differences(models, modelMeasures, judged, rewardMeasures),
		} {
			if len(t.Rows) == 0 {
				continue
			}
			if len(names) > 1 {
				t.ID += "-" + name
				t.Title += " (" + name + ")"
			}
			tables = append(tables, t)
		}
	}
	return tables
}

// comparison is one evaluation over all variants.
type comparison struct {
	groups     []group
	evaluation string
}

func (c comparison) of(v variant) (evaluation, bool) {
	at := slices.IndexFunc(v.evaluations, func(e evaluation) bool { return e.name == c.evaluation })
	if at < 0 {
		return evaluation{}, false
	}
	return v.evaluations[at], true
}

// each calls do with the evaluation of every variant that has it.
func (c comparison) each(do func(v variant, e evaluation)) {
	for _, g := range c.groups {
		for _, v := range g.seeds {
			if e, ok := c.of(v); ok {
				do(v, e)
			}
		}
	}
}

func (c comparison) subjects(list func(evaluation) []string) []string {
	var all []string
	c.each(func(_ variant, e evaluation) {
		for _, subject := range list(e) {
			if !slices.Contains(all, subject) {
				all = append(all, subject)
			}
		}
	})
	return all
}

// variableColumns is a column for each variable, or one for the variants' names.
func (c comparison) variableColumns() []Column {
	var columns []Column
	for _, name := range c.variables() {
		columns = append(columns, Column{Title: name, Text: true})
	}
	if columns == nil {
		columns = []Column{{Title: "variant", Text: true}}
	}
	return columns
}

func (c comparison) variables() []string {
	var names []string
	for _, g := range c.groups {
		names = append(names, variables(g.seeds[0].Variant)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (c comparison) variableCells(g group) []Cell {
	var cells []Cell
	for _, name := range c.variables() {
		value, ok := g.seeds[0].Values[name]
		switch {
		case g.anyValue:
			cells = append(cells, text(anyValue))
		case ok:
			cells = append(cells, text(fmt.Sprint(value)))
		default:
			cells = append(cells, text("-"))
		}
	}
	if cells == nil {
		label := g.label
		if g.anyValue {
			label = anyValue
		}
		cells = []Cell{text(label)}
	}
	return cells
}

// isBaseline reports whether a model is what the others are compared with.
func (c comparison) isBaseline(model string) bool {
	is := false
	c.each(func(_ variant, e evaluation) { is = is || e.baseline() == model })
	return is
}

// modelMeasures lists what was measured of models anywhere in the ablation.
func (c comparison) modelMeasures() []measure {
	var all []measure
	splits := c.subjects(func(e evaluation) []string {
		return e.distinct("good_share", func(m record.Metric) string { return m.Split })
	})
	for _, split := range splits {
		all = append(all, measure{Column{Title: "good, " + split + " %", Better: "higher"}, true, func(subject string) wanted {
			return wanted{name: "good_share", subject: subject, by: "*", split: split}
		}})
	}
	if c.measured("win_minus_lose") {
		all = append(all, measure{Column{Title: "win-lose", Better: "higher"}, false, func(subject string) wanted {
			return wanted{name: "win_minus_lose", subject: subject, versus: "*", by: "*"}
		}})
		for _, split := range splits {
			all = append(all, measure{Column{Title: "win-lose, " + split, Better: "higher"}, false, func(subject string) wanted {
				return wanted{name: "win_minus_lose", subject: subject, versus: "*", by: "*", split: split}
			}})
		}
	}
	rewards := c.subjects(func(e evaluation) []string {
		return e.distinct("average_reward", func(m record.Metric) string { return m.By })
	})
	for _, reward := range rewards {
		all = append(all, measure{Column{Title: "score " + reward, Better: "higher"}, false, func(subject string) wanted {
			return wanted{name: "average_reward", subject: subject, by: reward}
		}})
	}
	for _, distance := range []struct{ name, title string }{{"fid", "FID"}, {"kid", "KID"}} {
		if c.measured(distance.name) {
			all = append(all, measure{Column{Title: distance.title, Better: "lower"}, distance.name == "fid", func(subject string) wanted {
				return wanted{name: distance.name, subject: subject, versus: "*", by: "*"}
			}})
		}
	}
	return all
}

// rewardMeasures lists what was measured of rewards.
func (c comparison) rewardMeasures() []measure {
	var all []measure
	splits := c.subjects(func(e evaluation) []string {
		return e.distinct("reward_accuracy", func(m record.Metric) string { return m.Split })
	})
	if len(splits) == 0 {
		splits = []string{""}
	}
	for _, metric := range []struct{ name, title string }{
		{"reward_accuracy", "images"}, {"pairwise_accuracy", "pairs"}, {"auc", "AUC"},
	} {
		for _, split := range splits {
			title := metric.title + " %"
			if split != "" {
				title = metric.title + ", " + split + " %"
			}
			// What a reward is worth shows on prompts that it was not fitted to.
			headline := metric.name != "reward_accuracy" && split != "seen"
			all = append(all, measure{Column{Title: title, Better: "higher"}, headline, func(subject string) wanted {
				return wanted{name: metric.name, subject: subject, by: "*", split: split}
			}})
		}
	}
	return all
}

func (c comparison) measured(name string) bool {
	found := false
	c.each(func(_ variant, e evaluation) {
		found = found || e.find(wanted{name, "*", "*", "*", "*", "*"}) != nil
	})
	return found
}

// table has a row for each subject and group, its numbers over the seeds.
func (c comparison) table(id, title, what string, subjects []string, measures []measure) Table {
	t := Table{ID: id, Title: title, Columns: append(c.variableColumns(), Column{Title: what, Text: true})}
	for _, m := range measures {
		t.Columns = append(t.Columns, m.column)
	}
	for _, subject := range subjects {
		groups := c.groups
		if c.sameEverywhere(subject, measures) {
			same := c.groups[0]
			same.anyValue, same.baseline = true, false
			groups = []group{same}
		}
		for _, g := range groups {
			row := Row{Baseline: g.baseline, Cells: append(c.variableCells(g), text(subject))}
			for _, m := range measures {
				about := m.about(subject)
				if about.name == "win_minus_lose" && c.isBaseline(subject) {
					row.Cells = append(row.Cells, text("-")) // nothing is compared with itself
					continue
				}
				row.Cells = append(row.Cells, c.overSeeds(&t, g, about))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	switch seeds := c.mostSeeds(); {
	case len(t.Rows) == 0:
	case seeds > 1:
		t.note(c.seedsNote())
	default:
		t.note("One seed: intervals are over prompts and leave out what another seed would change.")
	}
	return t
}

// overSeeds is a metric's mean over the seeds of a group. With a single planned
// seed it is that seed's number with its own interval.
func (c comparison) overSeeds(t *Table, g group, about wanted) Cell {
	var found []*record.Metric
	var values []float64
	var last *record.Metric
	for _, v := range g.seeds {
		e, _ := c.of(v)
		m := e.find(about)
		if m == nil {
			continue
		}
		last = m
		if m.Value != nil {
			found, values = append(found, m), append(values, *m.Value)
		}
	}
	if len(values) < len(g.seeds) && last != nil {
		t.note(fmt.Sprintf("%s, %s: %d of %d seeds.", g.label, about.subject, len(values), len(g.seeds)))
	}
	switch {
	case len(values) == 0:
		return t.cellOf(last)
	case len(g.seeds) == 1:
		return t.cellOf(found[0])
	}
	cell := Cell{Value: &values[0], Unit: found[0].Unit, N: len(values)}
	if interval, err := stats.Student(values, stats.Level); err == nil {
		cell.Value, cell.Low, cell.High = &interval.Value, &interval.Low, &interval.High
	}
	return cell
}

func (c comparison) seedsNote() string {
	return fmt.Sprintf("Mean over %d seeds with its 95 %% t interval: what another seed would change.", c.mostSeeds())
}

func (c comparison) mostSeeds() int {
	most := 0
	for _, g := range c.groups {
		most = max(most, len(g.seeds))
	}
	return most
}

// sameEverywhere reports whether a subject's numbers are the same in every
// group, seed by seed: the variable that varies does not touch it.
func (c comparison) sameEverywhere(subject string, measures []measure) bool {
	if len(c.groups) < 2 {
		return false
	}
	known := map[uint64]map[int]float64{}
	for position, g := range c.groups {
		if len(g.seeds) != len(c.groups[0].seeds) {
			return false
		}
		for _, v := range g.seeds {
			e, _ := c.of(v)
			if position == 0 {
				known[v.Seed] = map[int]float64{}
			}
			before, ok := known[v.Seed]
			if !ok {
				return false
			}
			for i, measure := range measures {
				m := e.find(measure.about(subject))
				if m == nil || m.Value == nil {
					if _, ok := before[i]; ok {
						return false
					}
					continue
				}
				if value, ok := before[i]; position > 0 && (!ok || value != *m.Value) {
					return false
				}
				before[i] = *m.Value
			}
		}
	}
	return true
}

// differences sets every group against the baseline group, paired by seed.
func (c comparison) differences(models []string, modelMeasures []measure, rewards []string, rewardMeasures []measure) Table {
	t := Table{ID: "variant-differences", Columns: append(c.variableColumns(), []Column{
		{Title: "of", Text: true}, {Title: "measure", Text: true}, {Title: "seeds", Text: true},
		{Title: "difference"}, {Title: "p"}, {Title: "verdict", Text: true},
	}...)}
	at := slices.IndexFunc(c.groups, func(g group) bool { return g.baseline })
	if at < 0 || c.mostSeeds() < 2 {
		return t
	}
	reference := c.groups[at]
	t.Title = "Variants against " + reference.label
	var tests []float64
	var tested []int
	add := func(subject string, m measure) {
		for i, g := range c.groups {
			if i == at {
				continue
			}
			differences, unit := c.paired(g, reference, m.about(subject))
			row := Row{Cells: append(c.variableCells(g), text(subject), text(m.column.Title), text(fmt.Sprint(len(differences))))}
			interval, err := stats.Student(differences, stats.Level)
			if err != nil {
				row.Cells = append(row.Cells, text(missingText), text(""), text(missingText))
				t.Rows = append(t.Rows, row)
				continue
			}
			difference := record.Metric{Value: &interval.Value, Low: &interval.Low, High: &interval.High, Better: m.column.Better}
			if unit == "share" { // a difference of shares is in points
				unit = "points"
				for _, bound := range []*float64{&interval.Value, &interval.Low, &interval.High} {
					*bound *= 100
				}
			}
			p, _ := stats.StudentTest(differences)
			tests, tested = append(tests, p), append(tested, len(t.Rows))
			row.Cells = append(row.Cells,
				Cell{Value: difference.Value, Low: difference.Low, High: difference.High, Unit: unit, N: len(differences)},
				text(""), text(verdict(&difference)))
			t.Rows = append(t.Rows, row)
		}
	}
	for _, subject := range models {
		if !c.sameEverywhere(subject, modelMeasures) {
			for _, m := range modelMeasures {
				if m.headline {
					add(subject, m)
				}
			}
		}
	}
	for _, subject := range rewards {
		if !c.sameEverywhere(subject, rewardMeasures) {
			for _, m := range rewardMeasures {
				if m.headline {
					add(subject, m)
				}
			}
		}
	}
	for i, adjusted := range stats.Holm(tests) {
		cells := t.Rows[tested[i]].Cells
		cells[len(cells)-2] = Cell{Value: &adjusted, Unit: "p"}
		if adjusted > significant { // with many comparisons some intervals miss zero by chance
			cells[len(cells)-1].Text = indistinct
		}
	}
	t.note("Differences paired by seed, with 95 % t intervals; shares in points. p: paired t test, Holm's correction over this table; the verdict needs p of at most 0.05.")
	return t
}

// paired lists a metric's differences between two groups, by seed.
func (c comparison) paired(g, reference group, about wanted) (differences []float64, unit string) {
	for _, v := range g.seeds {
		at := slices.IndexFunc(reference.seeds, func(r variant) bool { return r.Seed == v.Seed })
		if at < 0 {
			continue
		}
		e, _ := c.of(v)
		r, _ := c.of(reference.seeds[at])
		a, b := e.find(about), r.find(about)
		if a != nil && b != nil && a.Value != nil && b.Value != nil {
			differences, unit = append(differences, *a.Value-*b.Value), a.Unit
		}
	}
	return differences, unit
}
