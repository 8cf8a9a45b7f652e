package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
)

// accuracyTable is how often the rewards agree with the raters, on prompts that
// were labelled for training and on those that were not.
func accuracyTable(v variant, e evaluation) (Table, bool) {
	reward, prompts := wordColumn(FieldSubject, "reward"), wordColumn(FieldPart, "prompts")
	t := Table{ID: "accuracy", Title: "Rewards: agreement with the raters", Columns: []Column{reward, prompts}}
	numbers := []Column{
		metricColumn(metric.RewardAccuracyShare, part{}), metricColumn(metric.MajorityAccuracy, part{}),
		metricColumn(metric.PairwiseAccuracy, part{}), metricColumn(metric.AUC, part{}),
	}
	t.Columns = append(t.Columns, numbers...)
	rewards := e.judgedRewards()
	for _, name := range rewards {
		for _, over := range orAll(e.splits(metric.RewardAccuracyShare)) {
			row := Row{Subject: name, Baseline: !v.learned(name)}
			row.put(reward, text(name))
			row.put(prompts, text(over.name()))
			for _, number := range numbers {
				row.put(number, t.cellOf(e.find(number.Key.Metric, over, of(name))))
			}
			t.Rows = append(t.Rows, row)
			if m := e.find(metric.RewardAccuracyShare, over, of(name)); m != nil && m.Protocol[metric.ThresholdFittedOn] != "" {
				t.note(name + " has no natural threshold; it gets " + m.Protocol["threshold"] + ", which flatters it there.")
			}
		}
	}
	if e.has(metric.MeasureRewardAccuracy) && len(rewards) == 0 {
		row := Row{}
		row.put(reward, text("every reward"))
		row.put(prompts, text(part{}.name()))
		for _, number := range numbers {
			row.put(number, text(missingText))
		}
		t.Rows = []Row{row}
	}
	t.note("images: good or bad told right, image by image; majority: what always naming the commoner class would get; pairs: of a good and a bad image of the same prompt, the good one scores higher; AUC: the same over all prompts.")
	return t, len(t.Rows) > 0
}
