package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
)

// accuracyTable is how often the rewards agree with the raters, on prompts that
// were labelled for training and on those that were not.
func accuracyTable(_ variant, e evaluation) (Table, bool) {
	reward, prompts := wordColumn(FieldSubject, "reward"), wordColumn(FieldPart, "prompts")
	t := Table{ID: "accuracy", Title: "Rewards: agreement with the raters", Columns: []Column{reward, prompts}}
	numbers := []Column{
		metricColumn(metric.PairwiseAccuracy, part{}), metricColumn(metric.AUC, part{}),
		metricColumn(metric.RewardAccuracyShare, part{}), metricColumn(metric.MajorityAccuracy, part{}),
	}
	t.Columns = append(t.Columns, numbers...)
	rewards, baseline := e.judgedRewards(), e.baselineReward()
	for _, name := range rewards {
		for _, over := range orAll(e.splits(metric.RewardAccuracyShare)) {
			row := Row{Subject: name, Baseline: name == baseline}
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
	t.note("pairs, the paper's own measure: of a good and a bad image of one prompt, the good one scores higher; AUC: the same over all prompts, which asks for one scale for all of them; images: good or bad told right, image by image; majority: what always naming the commoner class would get.")
	if m := e.find(metric.RewardAccuracyShare, part{}); m != nil && m.Protocol[metric.ImagesOf] != "" {
		t.note(fmt.Sprintf("On images of %s that a majority of the raters calls good or bad: %d, of %d prompts.", m.Protocol[metric.ImagesOf], m.N, m.Clusters))
	}
	return t, len(t.Rows) > 0
}

// baselineReward is the reward that the others are compared with, or "".
func (e evaluation) baselineReward() string {
	if m := e.find(metric.PairwiseAccuracyDifference, part{}); m != nil {
		return m.Versus
	}
	return ""
}
