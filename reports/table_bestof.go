package reports

import "github.com/plumb-ml/plumb/core/record"

// bestOfTable is rejection sampling: the images that a reward chose, against
// random ones and against other models.
func bestOfTable(_ variant, e evaluation) (Table, bool) {
	t := Table{ID: "best-of", Title: "Best of n: choosing images by reward", Columns: []Column{
		{Title: "images", Text: true}, {Title: "against", Text: true},
		{Title: "good %", Better: "higher"}, {Title: "other good %"}, {Title: "points"},
		{Title: "win %"}, {Title: "tie %"}, {Title: "lose %"}, {Title: "verdict", Text: true},
	}}
	for _, m := range e.metrics {
		if m.Name != "best_of_win_minus_lose" || m.Category != "" || m.Split != "" {
			continue
		}
		find := func(name string) *record.Metric {
			return e.find(wanted{"best_of_" + name, m.Subject, m.Versus, m.By, "", ""})
		}
		good := func(subject string) *record.Metric {
			return e.find(wanted{name: "best_of_good_share", subject: subject, by: m.By})
		}
		difference := find("good_share_difference")
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			text(m.Subject), text(m.Versus), t.cellOf(good(m.Subject)), t.cellOf(good(m.Versus)), t.cellOf(difference),
			t.cellOf(find("win_share")), t.cellOf(find("tie_share")), t.cellOf(find("lose_share")), text(verdict(difference)),
		}})
		t.note(m.Subject + ": chosen by the reward " + m.By + ".")
	}
	if len(t.Rows) == 0 && e.has("best_of") {
		row := Row{Cells: []Cell{text("best of n")}}
		for range t.Columns[1:] {
			row.Cells = append(row.Cells, text(missingText))
		}
		t.Rows = []Row{row}
	}
	t.note("points: difference in good images, paired by prompt; the verdict is on it.")
	return t, len(t.Rows) > 0
}
