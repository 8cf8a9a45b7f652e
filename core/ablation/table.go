package ablation

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
)

// mostRows bounds a table: nobody means to run more.
const mostRows = 10_000

// table reads the rows from vary or rows, and finds the baseline among them.
func (l *loader) table(a *Ablation, attributes hcl.Attributes, block *hcl.Block) {
	vary, rows := attributes["vary"], attributes["rows"]
	before := len(l.diagnostics)
	switch {
	case vary != nil && rows != nil:
		l.error(rows.NameRange, "Two tables", "The table is either the product of lists (vary) or written out (rows). Remove one of the two.")
	case vary != nil:
		a.Rows = l.product(a, vary)
	case rows != nil:
		a.Rows = l.written(a, rows)
	case attributes["seeds"] == nil:
		l.error(block.DefRange, "Nothing varies", "Give the ablation a table, or seeds:\n  vary  = { variable = [1, 2] }\n  seeds = [1, 2, 3]")
	default:
		a.Rows = []map[string]any{{}}
	}
	columns := map[string]bool{}
	for _, row := range a.Rows {
		for name := range row {
			columns[name] = true
		}
	}
	a.Columns = slices.Sorted(maps.Keys(columns))
	a.order()
	slices.SortStableFunc(a.Rows, a.compareRows)
	broken := l.diagnostics[before:].HasErrors()
	if len(columns) == 0 && attributes["seeds"] == nil && !broken {
		l.error(rows.Expr.Range(), "Nothing varies", "The table has no columns. Name a variable and its value in each row.")
	}
	if baseline := attributes["baseline"]; baseline != nil {
		l.baseline(a, baseline, broken)
	}
}

// order keeps the values of each column as the file has them: there is a thought behind
// the order of words that none of their own has.
func (a *Ablation) order() {
	a.Order = map[string][]any{}
	for _, row := range a.Rows {
		for name, value := range row {
			if !slices.ContainsFunc(a.Order[name], func(other any) bool { return text(other) == text(value) }) {
				a.Order[name] = append(a.Order[name], value)
			}
		}
	}
}

// product makes the rows of vary.
func (l *loader) product(a *Ablation, vary *hcl.Attribute) []map[string]any {
	const takes = "vary takes an object of lists, such as { seed = [1, 2] }"
	pairs, ok := l.pairs(vary.Expr, takes)
	if !ok && len(pairs) == 0 {
		return nil
	}
	if len(pairs) == 0 {
		l.error(vary.Expr.Range(), "Nothing varies", "vary is empty. Name a variable and its values: %s.", takes)
		return nil
	}
	rows := []map[string]any{{}}
	for _, p := range pairs {
		variable, known := l.variable(a, p.name, p.at)
		elements, ok := l.list(p.expression, p.name+" takes a list of values to vary over")
		if !known {
			rows = nil
			continue
		}
		if len(elements) == 0 && ok {
			l.error(p.expression.Range(), "Empty list", "%s has no values, so there would be no variants. Give it at least one, or remove it.", p.name)
			rows = nil
			continue
		}
		var values []any
		for _, element := range elements {
			value, ok := l.accept(variable, element)
			if !ok {
				continue
			}
			if slices.ContainsFunc(values, func(other any) bool { return text(other) == text(value) }) {
				l.error(element.at, "Duplicate value", "%s = %s stands in the list already. Remove one of them.", p.name, text(value))
				continue
			}
			values = append(values, value)
		}
		if len(rows)*len(values) > mostRows {
			l.error(vary.Expr.Range(), "Too many rows", "The product of the lists has more than %d rows. Shorten the lists, or write the rows that matter.", mostRows)
			return nil
		}
		var longer []map[string]any
		for _, row := range rows {
			for _, value := range values {
				extended := maps.Clone(row)
				extended[p.name] = value
				longer = append(longer, extended)
			}
		}
		rows = longer
	}
	return rows
}

// written makes the rows of rows.
func (l *loader) written(a *Ablation, attribute *hcl.Attribute) []map[string]any {
	const takes = "rows takes a list of objects, such as [{ seed = 1 }, { seed = 2 }]"
	expressions, ok := l.elements(attribute.Expr, takes)
	if !ok {
		return nil
	}
	if len(expressions) == 0 {
		l.error(attribute.Expr.Range(), "Empty list", "rows is empty, so there would be no variants. Write at least one row, or remove the argument.")
		return nil
	}
	if len(expressions) > mostRows {
		l.error(attribute.Expr.Range(), "Too many rows", "The table has more than %d rows.", mostRows)
		return nil
	}
	var rows []map[string]any
	first := map[string]int{}
	for _, expression := range expressions {
		row, ok := l.row(a, expression, takes)
		if !ok {
			continue
		}
		key := text(a.complete(row))
		if line, ok := first[key]; ok {
			l.error(expression.Range(), "Duplicate row", "The row on line %d has the same values. Remove one of them.", line)
			continue
		}
		first[key] = expression.Range().Start.Line
		rows = append(rows, row)
	}
	return rows
}

// row reads an object of values for variables.
func (l *loader) row(a *Ablation, expression hcl.Expression, takes string) (map[string]any, bool) {
	pairs, ok := l.pairs(expression, takes)
	row := map[string]any{}
	for _, p := range pairs {
		variable, known := l.variable(a, p.name, p.at)
		value, right := l.plain(p.expression)
		if !known || !right {
			ok = false
			continue
		}
		accepted, fits := l.accept(variable, placed{value, p.expression.Range()})
		ok = ok && fits
		row[p.name] = accepted
	}
	return row, ok
}

// variable finds a variable that is worth varying.
func (l *loader) variable(a *Ablation, name string, at hcl.Range) (spec.Variable, bool) {
	variable, ok := a.variables[name]
	names := slices.Sorted(maps.Keys(a.variables))
	switch {
	case !ok && len(names) == 0:
		l.error(at, "Unknown variable", "The experiment declares no variables. Declare one there, and use it:\n  variable %q { default = ... }", name)
	case !ok:
		l.error(at, "Unknown variable", "The experiment has no variable %q.%s It has %s.", name, diag.DidYouMean(name, names), list(names))
	case !variable.Used:
		l.error(at, "Unused variable", "The experiment declares %q, and nothing in it depends on it: every row would be the same. Use it there as var.%s.", name, name)
	case name == seedVariable && len(a.Seeds) > 0:
		l.error(at, "Seed twice", "seeds gives the variable %q its values already. Remove one of the two.", name)
	default:
		if _, ok := a.varied[name]; !ok {
			a.varied[name] = spec.FromRange(at)
		}
		return variable, true
	}
	return variable, false
}

// accept converts a value to the variable's type.
func (l *loader) accept(variable spec.Variable, given placed) (any, bool) {
	value, err := variable.Accept(given.value)
	if err != nil {
		l.error(given.at, "Wrong type", "Variable %q: %v.", variable.Name, err)
		return nil, false
	}
	return value, true
}

// complete returns the row with the experiment's defaults in missing columns.
func (a *Ablation) complete(row map[string]any) map[string]any {
	full := maps.Clone(row)
	for name, variable := range a.variables {
		if _, ok := row[name]; !ok && variable.HasDefault {
			full[name] = variable.Default
		}
	}
	return full
}

// compareRows orders rows by their columns, in the columns' order.
func (a *Ablation) compareRows(x, y map[string]any) int {
	x, y = a.complete(x), a.complete(y)
	for _, name := range a.Columns {
		if order := compare(x[name], y[name]); order != 0 {
			return order
		}
	}
	return 0
}

// baseline finds the row that the baseline's values mean.
func (l *loader) baseline(a *Ablation, attribute *hcl.Attribute, broken bool) {
	before := len(l.diagnostics)
	values, ok := l.row(a, attribute.Expr, "baseline takes an object of values, such as { auxiliary_weight = 0 }")
	if !ok || broken || l.diagnostics[before:].HasErrors() {
		return
	}
	at := attribute.Expr.Range()
	var matches []map[string]any
	for _, row := range a.Rows {
		full := a.complete(row)
		fits := true
		for name, value := range values {
			fits = fits && text(full[name]) == text(value)
		}
		if fits {
			matches = append(matches, row)
		}
	}
	switch {
	case len(matches) == 0:
		l.error(at, "Baseline is no row", "No row of the table has these values. Add a row, or choose the values of one: %s.", a.name(a.Rows[0], nil))
	case len(matches) > 1:
		var missing []string
		for _, name := range a.Columns {
			if _, ok := values[name]; !ok {
				missing = append(missing, name)
			}
		}
		l.error(at, "Baseline is several rows", "%d rows of the table have these values. Give a value for %s, too.", len(matches), list(missing))
	default:
		a.Baseline = matches[0]
	}
}
