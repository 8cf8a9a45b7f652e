package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/record"
)

// modelsTable sets alignment against fidelity: what people say of a model's
// images, what the rewards say, and how far the images are from real ones.
func modelsTable(v variant, e evaluation) (Table, bool) {
	t := Table{ID: "models", Title: "Models: alignment against fidelity", Columns: []Column{{Title: "model", Text: true}}}
	baseline := e.baseline()
	for _, model := range e.models {
		t.Rows = append(t.Rows, Row{Baseline: model == baseline, Cells: []Cell{text(model)}})
	}
	planned := map[int]bool{}
	add := func(column Column, what string, metric func(model string) *record.Metric) {
		planned[len(t.Columns)] = what != "" && e.has(what)
		t.Columns = append(t.Columns, column)
		for i, model := range e.models {
			t.Rows[i].Cells = append(t.Rows[i].Cells, t.cellOf(metric(model)))
		}
	}
	good := func(split string) func(string) *record.Metric {
		return func(model string) *record.Metric {
			return e.find(wanted{name: "good_share", subject: model, by: "*", split: split})
		}
	}
	splits := e.distinct("good_share", func(m record.Metric) string { return m.Split })
	for _, split := range splits {
		add(Column{Title: "good, " + split + " %", Better: "higher"}, "alignment", good(split))
	}
	if len(splits) == 0 {
		add(Column{Title: "good %", Better: "higher"}, "alignment", good(""))
	}
	for _, reward := range e.distinct("average_reward", func(m record.Metric) string { return m.By }) {
		add(Column{Title: rewardTitle(v, reward), Better: "higher"}, "", func(model string) *record.Metric {
			return e.find(wanted{name: "average_reward", subject: model, by: reward})
		})
	}
	for _, distance := range []string{"fid", "kid"} {
		title := map[string]string{"fid": "FID", "kid": "KID"}[distance]
		first := e.find(wanted{name: distance, subject: "*", versus: "*", by: "*"})
		column := len(t.Columns)
		add(Column{Title: title, Better: "lower"}, "fidelity", func(model string) *record.Metric {
			return e.find(wanted{name: distance, subject: model, versus: "*", by: "*"})
		})
		for i, model := range e.models {
			if m := e.find(wanted{name: distance, subject: model, versus: "*", by: "*"}); m != nil && !alike(m, first) {
				t.Rows[i].Cells[column] = text("unlike")
				t.note(fmt.Sprintf("unlike: the %s of %s was measured otherwise (%s images against %s of %s by %s) and cannot stand beside the others.",
					title, model, m.Protocol["images"], m.Protocol["reference images"], m.Versus, m.By))
			}
		}
	}
	t.dropEmpty(func(column int) bool { return planned[column] })
	if m := e.find(wanted{name: "fid", subject: "*", versus: "*", by: "*"}); m != nil {
		t.note(fmt.Sprintf("FID and KID: features of %s, %s images of a model against %s of %s; comparable only within this table.",
			features(m), m.Protocol["images"], m.Protocol["reference images"], m.Versus))
	}
	return t, len(e.models) > 0
}

// features names what a distance was measured on.
func features(m *record.Metric) string {
	if component := m.Protocol["component"]; component != "" && component != m.By {
		return fmt.Sprintf("%s (%s)", m.By, component)
	}
	return m.By
}

// alike reports whether two distances may be compared: FID depends on the number
// of images as much as on what they show.
func alike(a, b *record.Metric) bool {
	return a.By == b.By && a.Versus == b.Versus && a.Protocol["component"] == b.Protocol["component"] &&
		a.Protocol["images"] == b.Protocol["images"] && a.Protocol["reference images"] == b.Protocol["reference images"]
}

// rewardTitle says whether a reward was learned from labels here.
func rewardTitle(v variant, reward string) string {
	if v.learned(reward) {
		return "reward " + reward
	}
	return "score " + reward
}
