package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/page"
)

// mostClauses is how many comparisons a sentence of the verdict names, and mostDecided
// how many decided ones are listed below it where there are more: of those, the ones
// with the smallest p.
const (
	mostClauses = 6
	mostDecided = 12
)

// verdicts is what each evaluation came to: the conclusions of the tables' headline rows
// in sentences, with the numbers that the tables have there.
func verdicts(run *record.Run, variants []variant, tables []Table) []page.Verdict {
	var all []page.Verdict
	evaluations := evaluationsAcross(run, variants)
	for _, c := range evaluations {
		verdict := page.Verdict{}
		if len(evaluations) > 1 {
			verdict.Evaluation = c.evaluation
		}
		for _, t := range tables {
			if t.Evaluation != c.evaluation {
				continue
			}
			for _, claim := range []page.Claim{
				t.claim(t.Claim, func(row Row) bool { return row.Headline }),
				t.claim("On unseen prompts", func(row Row) bool { return row.Unseen }),
			} {
				if claim.Text != "" {
					verdict.Claims = append(verdict.Claims, claim)
				}
			}
		}
		if verdict.Claims == nil {
			verdict.Claims = []page.Claim{{Text: c.silence()}}
		}
		all = append(all, verdict)
	}
	if all == nil {
		all = []page.Verdict{{Claims: []page.Claim{{Text: "Nothing was measured yet."}}}}
	}
	return all
}

// silence says why an evaluation concludes nothing.
func (c across) silence() string {
	numbers := 0
	c.each(func(_ variant, e evaluation) { numbers += len(e.metrics) })
	switch models := c.models(); {
	case numbers == 0:
		return "Nothing was measured yet."
	case len(c.groups) > 1 && !slices.ContainsFunc(c.groups, func(g group) bool { return g.baseline }):
		return "The variants are not compared: no baseline is set."
	case len(c.groups) > 1 && c.mostSeeds() < 2:
		return "The variants are not compared: each has one seed, and what another seed would change is not known."
	case len(models) > 1 && !slices.ContainsFunc(models, c.isBaseline):
		return "The models are not compared: no baseline is set."
	}
	if seeds := c.mostSeeds(); seeds > 1 && len(c.groups) == 1 {
		return fmt.Sprintf("The tables have numbers over %d seeds; nothing is compared by a test.", seeds)
	}
	return "Nothing that was measured is compared by a test."
}

// claim is the conclusions of some rows in a sentence that begins with words, empty if
// there are none; of many, how many there are of each kind, and those that are decided.
func (t Table) claim(words string, of func(Row) bool) page.Claim {
	concluded := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Key.Field == FieldConclusion })
	if t.Claim == "" || concluded < 0 {
		return page.Claim{}
	}
	number := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Key == t.Columns[concluded].Key.as(FieldNumber) })
	quantities := map[string]bool{}
	for _, row := range t.Rows {
		if of(row) {
			quantities[row.Cells[ColumnKey{Field: FieldQuantity}].Text+row.Cells[ColumnKey{Field: FieldAspect}].Text] = true
		}
	}
	var clauses []string
	var decided []decision
	counts := map[Conclusion]int{}
	for i, row := range t.Rows {
		cell := row.Cell(t.Columns[number])
		// A comparison with a test counts, and so does one that was to have one.
		if !of(row) || cell.Comparison == nil && cell.Text != missingText {
			continue
		}
		who := t.about(row, len(quantities) > 1)
		conclusion := cell.Comparison.Conclusion()
		counts[conclusion]++
		switch conclusion {
		case NotMeasured:
			clauses = append(clauses, who+" was not measured")
		case NotTested:
			clauses = append(clauses, fmt.Sprintf("%s was not tested against %s", who, cell.Comparison.Baseline))
		case Indistinguishable:
			clauses = append(clauses, fmt.Sprintf("%s is %s from %s (%s)", who, conclusion, cell.Comparison.Baseline, t.measure(i, number)))
		default:
			clauses = append(clauses, fmt.Sprintf("%s is %s than %s (%s)", who, conclusion, cell.Comparison.Baseline, t.measure(i, number)))
			decided = append(decided, decision{*cell.Comparison.P, clauses[len(clauses)-1]})
		}
	}
	switch {
	case clauses == nil:
		return page.Claim{}
	case len(clauses) <= mostClauses:
		return page.Claim{Text: words + ", " + strings.Join(clauses, "; ") + "."}
	}
	var counted []string
	for _, one := range []struct {
		conclusion Conclusion
		words      string
	}{{Better, "better"}, {Worse, "worse"}, {Indistinguishable, "not distinguishable"}, {NotTested, "not tested"}, {NotMeasured, "not measured"}} {
		if n := counts[one.conclusion]; n > 0 {
			counted = append(counted, fmt.Sprintf("%d %s", n, one.words))
		}
	}
	said := fmt.Sprintf("%s, of %d comparisons: %s", words, len(clauses), strings.Join(counted, ", "))
	if len(decided) <= mostDecided {
		return page.Claim{Text: said + ".", Items: texts(decided)}
	}
	slices.SortStableFunc(decided, func(a, b decision) int { return cmp.Compare(a.p, b.p) })
	return page.Claim{Text: fmt.Sprintf("%s. The %d with the smallest p:", said, mostDecided), Items: texts(decided[:mostDecided])}
}

// decision is a comparison that came out better or worse, in words.
type decision struct {
	p    float64
	text string
}

func texts(decided []decision) []string {
	var all []string
	for _, d := range decided {
		all = append(all, d.text)
	}
	return all
}

// about is what a row is about, in its own words.
func (t Table) about(row Row, quantity bool) string {
	var values []string
	what, who := "", ""
	for _, column := range t.Columns {
		switch cell := row.Cell(column); column.Key.Field {
		case FieldVariable:
			if column.Key.Variable != "" {
				values = append(values, column.Key.Variable+"="+cell.Text)
			} else {
				values = append(values, cell.Text)
			}
		case FieldSubject:
			who = cell.Text
		case FieldQuantity, FieldAspect:
			if quantity {
				what = cell.Text + " of "
			}
		}
	}
	return labelled(what+who, strings.Join(values, " "))
}

// measure is a difference as the table has it, with its interval and p.
func (t Table) measure(row, column int) string {
	value, interval := t.written(row, column)
	said := joined(value, interval)
	switch t.Rows[row].Cell(t.Columns[column]).Unit {
	case record.Points:
		said += " points"
	case record.Share:
		said += " %"
	}
	for i, c := range t.Columns {
		if c.Key == t.Columns[column].Key.as(FieldP) {
			if p, _ := t.written(row, i); p != "" {
				said += ", p " + p
			}
		}
	}
	return said
}
