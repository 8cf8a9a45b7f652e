package plan

import (
	"context"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// RewardAccuracyWork measures how often rewards agree with raters, and which of them
// agrees better.
type RewardAccuracyWork struct {
	Subject string   `json:"subject"` // the model whose images are judged
	Rater   string   `json:"rater"`
	Rewards []string `json:"rewards"` // the first is what the others are compared with
}

var _ MeasureWork = (*RewardAccuracyWork)(nil)

// rewardAccuracy judges the rewards by the raters.
func (e *evaluation) rewardAccuracy() {
	judged, ok := e.judgedModel()
	if !ok {
		return
	}
	work := &RewardAccuracyWork{Subject: judged.Name(), Rater: e.judge()}
	inputs := []Input{{Labels, e.rated(judged), Labels}}
	for _, reward := range notLearnedFirst(e.Rewards) {
		work.Rewards = append(work.Rewards, reward.Name)
		inputs = append(inputs, Input{scoresBy(reward.Name), e.scored(judged, reward), Scores})
	}
	e.measure(work, "", e.Range, inputs)
}

// judgedModel is the model on whose images rewards are judged: the baseline, which none
// of them was used to make.
func (e *evaluation) judgedModel() (model spec.Model, ok bool) {
	switch {
	case e.hasBaseline():
		return e.Baseline, true
	case len(e.Models) > 0:
		return e.Models[0], true
	}
	return spec.Model{}, false
}

func (*RewardAccuracyWork) kind() (record.Kind, string) { return record.KindMeasure, "5" }
func (*RewardAccuracyWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*RewardAccuracyWork) Measure() metric.Measure { return metric.MeasureRewardAccuracy }

// Compute implements MeasureWork.
func (w *RewardAccuracyWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	labels, err := readRows[table.Label](in, Labels)
	if err != nil {
		return nil, nil, err
	}
	comparison := metric.RewardComparisonInput{Rater: w.Rater, Model: w.Subject, Labels: labels, Seed: seed}
	var m measured
	for _, reward := range w.Rewards {
		scores, err := readRows[table.Score](in, scoresBy(reward))
		if err != nil {
			return nil, nil, err
		}
		comparison.Rewards = append(comparison.Rewards, metric.ScoredBy{Reward: reward, Scores: scores})
		err = m.add(metric.RewardAccuracy(metric.RewardAccuracyInput{
			Reward: reward, Rater: w.Rater, Model: w.Subject, Scores: scores, Labels: labels, Seed: seed,
		}))
		if err != nil {
			return nil, nil, err
		}
	}
	compared, err := metric.RewardComparison(comparison)
	if err := m.add(compared, nil, err); err != nil {
		return nil, nil, err
	}
	return m.metrics, m.values, nil
}

// notLearnedFirst begins with the first reward that was not learned: what learning
// is worth shows against it. The order is otherwise the experiment's.
func notLearnedFirst(rewards []*spec.Component) []*spec.Component {
	at := slices.IndexFunc(rewards, func(r *spec.Component) bool { return !learned(r) })
	if at < 0 {
		return rewards
	}
	return slices.Concat(rewards[at:at+1], rewards[:at], rewards[at+1:])
}

// learned reports whether a reward, or one that it adds up, is fitted to labels.
func learned(reward *spec.Component) bool {
	return len(reward.Labels) > 0 || reward.Sum != nil && slices.ContainsFunc(reward.Sum.Members, func(m spec.Member) bool { return learned(m.Reward) })
}
