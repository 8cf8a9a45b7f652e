package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// quantity is a metric over a part of the prompts in an ablation's tables: a
// column, and where it is a headline, rows in the table of differences.
type quantity struct {
	column   Column
	headline bool
	choice   record.Choice // of a distance: of which images
	chosenBy *chooser      // of images that are called otherwise in every variant; nil: of a subject
}

func quantityOf(name string, over part) quantity {
	row, _ := metric.Define(name)
	return quantity{column: metricColumn(name, over), headline: row.Headline}
}

// of finds the quantity of a model or reward.
func (q quantity) of(e evaluation, subject string) *record.Metric {
	key := q.column.Key
	if q.chosenBy != nil {
		return e.find(key.Metric, part{key.Category, key.Split}, e.chosenBy(*q.chosenBy))
	}
	conditions := []condition{of(subject)}
	if key.Reward != "" {
		conditions = append(conditions, by(key.Reward))
	}
	if key.ScorePart != "" {
		conditions = append(conditions, scorePart{key.Reward, key.ScorePart}.is)
	}
	if metric.MeasureFidelity.Measures(key.Metric) {
		conditions = append(conditions, drawn(q.choice))
	}
	if key.Aspect != "" {
		conditions = append(conditions, asked(key.Aspect), against(e.baseline))
	}
	if key.Versus != "" {
		conditions = append(conditions, against(key.Versus))
	}
	return e.find(key.Metric, part{key.Category, key.Split}, conditions...)
}

// modelQuantities lists what was measured of models anywhere in the ablation.
func (c across) modelQuantities() []quantity {
	var all []quantity
	splits := c.splits(metric.GoodShare)
	if c.measured(metric.GoodShare) {
		for _, over := range orAll(splits) {
			all = append(all, quantityOf(metric.GoodShare, over))
		}
	}
	if c.measured(metric.WinMinusLose) {
		all = append(all, quantityOf(metric.WinMinusLose, part{}))
		for _, split := range splits {
			all = append(all, quantityOf(metric.WinMinusLose, part{split: split}))
		}
	}
	for _, aspect := range c.all(evaluation.aspects) {
		all = append(all, preferenceQuantity(aspect))
	}
	for _, reward := range c.all(evaluation.scorers) {
		score := quantityOf(metric.AverageRewardMean, part{})
		score.column.Title += " " + reward
		score.column.Key.Reward = reward
		all = append(all, score)
	}
	for _, d := range distances[:2] {
		if c.measured(d.value) {
			all = append(all, quantityOf(d.value, part{}))
		}
	}
	return all
}

// preferenceQuantity is the mean preference of a model's images beside the baseline's.
func preferenceQuantity(aspect string) quantity {
	q := quantityOf(metric.PreferenceMean, part{})
	q.column.Title = "preferred in " + aspect + " %"
	q.column.Key.Aspect = aspect
	return q
}

// chosenQuantity is the share of good images among those that are chosen.
func chosenQuantity(by chooser) quantity {
	return quantity{column: metricColumn(metric.BestOfGoodShare, part{}), headline: true, chosenBy: &by}
}

// rewardQuantities lists what was measured of rewards.
func (c across) rewardQuantities() []quantity {
	var all []quantity
	for _, name := range []string{metric.PairwiseAccuracy, metric.AUC, metric.RewardAccuracyShare} {
		for _, over := range orAll(c.splits(metric.RewardAccuracyShare)) {
			q := quantityOf(name, over)
			// What a reward is worth shows on prompts that it was not fitted to.
			q.headline = q.headline && over.split != "seen"
			all = append(all, q)
		}
	}
	return all
}
