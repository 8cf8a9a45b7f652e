package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// RewardAccuracyWork measures how often rewards agree with raters.
type RewardAccuracyWork struct {
	Subject string   `json:"subject"` // the model whose images are judged
	Rater   string   `json:"rater"`
	Rewards []string `json:"rewards"`
}

var _ MeasureWork = (*RewardAccuracyWork)(nil)

// rewardAccuracy judges the rewards on the baseline's images, which none of them
// was used to make.
func (e *evaluation) rewardAccuracy() {
	judged := e.Baseline
	if !e.hasBaseline() {
		if len(e.Models) == 0 {
			return
		}
		judged = e.Models[0]
	}
	work := &RewardAccuracyWork{Subject: judged.Name(), Rater: e.judge()}
	inputs := []Input{{Labels, e.rated(judged), Labels}}
	for _, reward := range e.Rewards {
		work.Rewards = append(work.Rewards, reward.Name)
		inputs = append(inputs, Input{scoresBy(reward.Name), e.scored(judged, reward), Scores})
	}
	e.measure(work, "", e.Range, inputs)
}

func (*RewardAccuracyWork) kind() (record.Kind, string) { return record.KindMeasure, "3" }
func (*RewardAccuracyWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*RewardAccuracyWork) Measure() metric.Measure { return metric.MeasureRewardAccuracy }

// Compute implements MeasureWork.
func (w *RewardAccuracyWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	labels, err := readRows[table.Label](in, Labels)
	if err != nil {
		return nil, nil, err
	}
	var m measured
	for _, reward := range w.Rewards {
		scores, err := readRows[table.Score](in, scoresBy(reward))
		if err != nil {
			return nil, nil, err
		}
		err = m.add(metric.RewardAccuracy(metric.RewardAccuracyInput{
			Reward: reward, Rater: w.Rater, Scores: scores, Labels: labels, Seed: seed,
		}))
		if err != nil {
			return nil, nil, err
		}
	}
	return m.metrics, m.values, nil
}
