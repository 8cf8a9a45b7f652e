package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// RewardWork measures how rewards score a model's images, against how they score
// the baseline's.
type RewardWork struct {
	Subject  string   `json:"subject"`
	Baseline string   `json:"baseline,omitempty"` // empty for the baseline itself, and where there is none
	Rewards  []string `json:"rewards"`
}

var _ MeasureWork = (*RewardWork)(nil)

func scoresBy(reward string) string         { return "scores " + reward }
func baselineScoresBy(reward string) string { return "baseline scores " + reward }

func (e *evaluation) reward(model spec.Model) {
	work := &RewardWork{Subject: model.Name(), Baseline: e.against(model)}
	var inputs []Input
	for _, reward := range e.Rewards {
		work.Rewards = append(work.Rewards, reward.Name)
		inputs = append(inputs, Input{scoresBy(reward.Name), e.scored(model, reward), Scores})
		if work.Baseline != "" {
			inputs = append(inputs, Input{baselineScoresBy(reward.Name), e.scored(e.Baseline, reward), Scores})
		}
	}
	e.measure(work, work.Subject, e.Range, inputs)
}

func (*RewardWork) kind() (record.Kind, string) { return record.KindMeasure, "6" }
func (*RewardWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*RewardWork) Measure() metric.Measure { return metric.MeasureReward }

// Compute implements MeasureWork.
func (w *RewardWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	var m measured
	for _, reward := range w.Rewards {
		of := metric.AverageRewardInput{Model: w.Subject, Reward: reward, Baseline: w.Baseline, Seed: seed}
		var err error
		if of.Scores, err = readRows[table.Score](in, scoresBy(reward)); err != nil {
			return nil, nil, err
		}
		if w.Baseline != "" {
			if of.BaselineScores, err = readRows[table.Score](in, baselineScoresBy(reward)); err != nil {
				return nil, nil, err
			}
		}
		if err := m.add(metric.AverageReward(of)); err != nil {
			return nil, nil, err
		}
	}
	return m.metrics, m.values, nil
}
