package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// alarms says where a learned reward of a model that was tuned by a reward rises while
// people's labels or the images get worse: the model then pleases the reward and nobody
// else. Images that are farther from real ones while people find more of them good are
// the price that the tables are about, and no alarm. Only changes that the intervals
// tell from chance count, in either direction.
func alarms(variants []variant) []string {
	var all []string
	for _, v := range variants {
		for _, alarm := range checkpointAlarms(v) {
			if len(variants) > 1 {
				alarm = v.Name + ": " + alarm
			}
			all = append(all, alarm)
		}
		for _, e := range v.evaluations {
			for _, alarm := range append(evaluationAlarms(v, e), cardAlarms(e)...) {
				if len(variants) > 1 {
					alarm = v.Name + ": " + alarm
				}
				if !slices.Contains(all, alarm) {
					all = append(all, alarm)
				}
			}
		}
	}
	return all
}

func evaluationAlarms(v variant, e evaluation) []string {
	baseline := e.baseline
	if baseline == "" {
		return nil
	}
	var all []string
	for _, model := range e.models {
		if model == baseline || !v.tunedByReward(model) {
			continue
		}
		var risen []string
		for _, reward := range e.rewards() {
			if v.learned(reward) && e.rose(reward, model, baseline) {
				risen = append(risen, reward)
			}
		}
		worse := e.worsened(model, baseline)
		if len(risen) == 0 || len(worse) == 0 {
			continue
		}
		all = append(all, fmt.Sprintf("%s scores higher than %s by the learned reward %s, but %s. The reward may be misleading it: look at the images.",
			model, baseline, strings.Join(risen, ", "), strings.Join(worse, " and ")))
	}
	return all
}

// rose reports whether a model's average reward is above the baseline's.
func (e evaluation) rose(reward, model, baseline string) bool {
	if d := e.find(metric.AverageRewardDifference, part{}, of(model), against(baseline), by(reward)); d != nil && d.Low != nil {
		return *d.Low > 0
	}
	average := func(subject string) *record.Metric {
		return e.find(metric.AverageRewardMean, part{}, of(subject), by(reward))
	}
	return above(average(model), average(baseline))
}

// worsened lists in words what got worse.
func (e evaluation) worsened(model, baseline string) []string {
	var worse []string
	if d := e.find(metric.GoodShareDifference, part{}, of(model), against(baseline)); d != nil && d.Low != nil {
		switch {
		case *d.High < 0:
			worse = append(worse, fmt.Sprintf("the raters call fewer of its images good (%+.1f points)", *d.Value))
		case *d.Low > 0:
			return nil // people confirm what the reward says
		}
	}
	for _, d := range distances {
		difference := e.find(d.difference, part{}, of(model), against(baseline), drawn(record.All))
		if difference != nil && difference.Low != nil && *difference.Low > 0 {
			row, _ := metric.Define(d.value)
			worse = append(worse, fmt.Sprintf("its images are farther from the real ones (%s %+.3g)", row.Title, *difference.Value))
			break // the distances say the same
		}
	}
	return worse
}

// above reports whether a's interval lies above b's.
func above(a, b *record.Metric) bool {
	return a != nil && b != nil && a.Low != nil && b.High != nil && *a.Low > *b.High
}
