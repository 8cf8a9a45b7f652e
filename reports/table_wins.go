package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// part is a part of the prompts that a row is about.
type part struct {
	category, split string
}

// name is how a table calls the part.
func (p part) name() string {
	switch {
	case p.category == "" && p.split == "":
		return "all"
	case p.category == "":
		return p.split
	}
	return p.category
}

// parts lists all prompts, each split, and each category, as far as a metric
// was measured there.
func (e evaluation) parts(metric string) []part {
	all := []part{{}}
	for _, split := range e.distinct(metric, func(m record.Metric) string { return m.Split }) {
		all = append(all, part{split: split})
	}
	for _, category := range e.distinct(metric, func(m record.Metric) string { return m.Category }) {
		all = append(all, part{category: category})
	}
	return all
}

// winTable is win, tie and lose against the baseline by the raters' votes.
func winTable(_ variant, e evaluation) (Table, bool) {
	baseline := e.baseline()
	t := Table{ID: "wins", Title: "Against " + baseline + ": who wins by two thirds of the votes", Columns: []Column{
		{Title: "model", Text: true}, {Title: "prompts", Text: true},
		{Title: "win %", Better: "higher"}, {Title: "tie %"}, {Title: "lose %", Better: "lower"},
		{Title: "win-lose"}, {Title: "p"}, {Title: "verdict", Text: true},
	}}
	for _, p := range e.parts("win_minus_lose") {
		var rows []Row
		var tests []float64
		var tested []int
		for _, model := range e.models {
			if model == baseline {
				continue
			}
			find := func(name string) *record.Metric {
				return e.find(wanted{name, model, baseline, "*", p.category, p.split})
			}
			net := find("win_minus_lose")
			row := Row{Detail: p.category != "", Cells: []Cell{
				text(model), text(p.name()),
				t.cellOf(find("win_share")), t.cellOf(find("tie_share")), t.cellOf(find("lose_share")),
				t.cellOf(net), text(""), text(verdict(net)),
			}}
			if m := find("win_minus_lose_p"); m != nil && m.Value != nil {
				tests, tested = append(tests, *m.Value), append(tested, len(rows))
			}
			rows = append(rows, row)
		}
		for i, adjusted := range stats.Holm(tests) {
			cells := rows[tested[i]].Cells
			cells[6] = Cell{Value: &adjusted, Unit: "p"}
			if adjusted > significant { // with several models one may look better by chance
				cells[7].Text = indistinct
			}
		}
		t.Rows = append(t.Rows, rows...)
	}
	// A model's rows together read better than a part's.
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		return slices.Index(e.models, a.Cells[0].Text) - slices.Index(e.models, b.Cells[0].Text)
	})
	t.note("win-lose in percentage points of the prompts; p by sign flips over prompts, Holm's correction over the models; a verdict needs an interval without 0 and p of at most 0.05.")
	if m := e.find(wanted{name: "win_minus_lose_detectable", subject: "*", versus: "*", by: "*"}); m != nil && m.Value != nil {
		t.note(fmt.Sprintf("With these %d prompts a true win-lose of about %.0f points is found in four of five trials.", m.Clusters, *m.Value))
	}
	return t, baseline != "" && len(t.Rows) > 0 && e.has("alignment")
}

// indistinct is the verdict where chance explains a difference.
const indistinct = "not distinguishable"

// significant is the largest corrected p value of a difference that counts.
const significant = 0.05

// verdict reads a difference and its interval.
func verdict(difference *record.Metric) string {
	switch {
	case difference == nil:
		return missingText
	case difference.Value == nil || difference.Low == nil:
		return "no interval"
	case *difference.Low <= 0 && *difference.High >= 0:
		return indistinct
	case (*difference.Value > 0) == (difference.Better != "lower"):
		return "better"
	}
	return "worse"
}
