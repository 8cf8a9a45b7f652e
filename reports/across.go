package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
)

// anyValue stands for a variable where no variant changes a row's numbers.
const anyValue = "any"

// across is one evaluation over all variants of an ablation.
type across struct {
	groups     []group
	evaluation string
}

func (c across) of(v variant) (evaluation, bool) {
	at := slices.IndexFunc(v.evaluations, func(e evaluation) bool { return e.name == c.evaluation })
	if at < 0 {
		return evaluation{}, false
	}
	return v.evaluations[at], true
}

// each calls do with the evaluation of every variant that has it.
func (c across) each(do func(v variant, e evaluation)) {
	for _, g := range c.groups {
		for _, v := range g.seeds {
			if e, ok := c.of(v); ok {
				do(v, e)
			}
		}
	}
}

// all lists what any variant's evaluation lists.
func (c across) all(list func(evaluation) []string) []string {
	var all []string
	c.each(func(_ variant, e evaluation) {
		for _, one := range list(e) {
			if !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	})
	return all
}

func (c across) models() []string { return c.all(func(e evaluation) []string { return e.models }) }

func (c across) splits(metric string) []string {
	return c.all(func(e evaluation) []string { return e.splits(metric) })
}

func (c across) measured(metric string) bool {
	found := false
	c.each(func(_ variant, e evaluation) { found = found || e.measured(metric) })
	return found
}

// isBaseline reports whether a model is what the others are compared with.
func (c across) isBaseline(model string) bool {
	is := false
	c.each(func(_ variant, e evaluation) { is = is || e.baseline == model })
	return is
}

// variableColumns is a column for each variable; one for the variants' names where
// rows have no variables; and none where there is one row.
func (c across) variableColumns() []Column {
	var columns []Column
	for _, name := range c.variables() {
		columns = append(columns, Column{Key: ColumnKey{Field: FieldVariable, Variable: name}, Title: name})
	}
	if columns == nil && len(c.groups) > 1 {
		columns = []Column{wordColumn(FieldVariable, "variant")}
	}
	return columns
}

func (c across) variables() []string {
	var names []string
	for _, g := range c.groups {
		names = append(names, variables(g.seeds[0].Variant)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// row begins a group's row with the values of its variables.
func (c across) row(g group, columns []Column) Row {
	row := Row{Baseline: g.baseline}
	for _, column := range columns {
		name := column.Key.Variable
		value, ok := g.seeds[0].Values[name]
		switch {
		case g.anyValue:
			row.put(column, text(anyValue))
		case name == "":
			row.put(column, text(g.label))
		case ok:
			row.put(column, text(fmt.Sprint(value)))
		default:
			row.put(column, text("-"))
		}
	}
	return row
}

// evaluationsAcross lists the evaluations that any variant has, in order.
func evaluationsAcross(run *record.Run, variants []variant) []across {
	var all []across
	groups := groupsOf(run, variants)
	for _, v := range variants {
		for _, e := range v.evaluations {
			if !slices.ContainsFunc(all, func(c across) bool { return c.evaluation == e.name }) {
				all = append(all, across{groups: groups, evaluation: e.name})
			}
		}
	}
	return all
}
