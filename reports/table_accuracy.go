package reports

import (
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// accuracyTable is how often the rewards agree with the raters, on prompts that
// were labelled for training and on those that were not.
func accuracyTable(v variant, e evaluation) (Table, bool) {
	t := Table{ID: "accuracy", Title: "Rewards: agreement with the raters", Columns: []Column{
		{Title: "reward", Text: true}, {Title: "prompts", Text: true},
		{Title: "images %", Better: "higher"}, {Title: "majority %"},
		{Title: "pairs %", Better: "higher"}, {Title: "AUC %", Better: "higher"},
	}}
	rewards := e.distinct("reward_accuracy", func(m record.Metric) string { return m.Subject })
	splits := e.distinct("reward_accuracy", func(m record.Metric) string { return m.Split })
	if len(splits) == 0 {
		splits = []string{""}
	}
	for _, reward := range rewards {
		for _, split := range splits {
			find := func(name string) *record.Metric {
				return e.find(wanted{name: name, subject: reward, by: "*", split: split})
			}
			t.Rows = append(t.Rows, Row{Baseline: !v.learned(reward), Cells: []Cell{
				text(reward), text(part{split: split}.name()),
				t.cellOf(find("reward_accuracy")), t.cellOf(find("majority_accuracy")),
				t.cellOf(find("pairwise_accuracy")), t.cellOf(find("auc")),
			}})
			m := find("reward_accuracy")
			if m != nil && strings.Contains(m.Protocol["threshold"], "best on") {
				t.note(reward + " has no natural threshold; it gets " + m.Protocol["threshold"] + ", which flatters it there.")
			}
		}
	}
	if e.has("reward_accuracy") && len(rewards) == 0 {
		t.Rows = []Row{{Cells: []Cell{text("every reward"), text("all"), text(missingText), text(missingText), text(missingText), text(missingText)}}}
	}
	t.note("images: good or bad told right, image by image; majority: what always naming the commoner class would get; pairs: of a good and a bad image of the same prompt, the good one scores higher; AUC: the same over all prompts.")
	return t, len(t.Rows) > 0
}
