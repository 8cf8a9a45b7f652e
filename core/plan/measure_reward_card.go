package plan

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// RewardCardWork examines rewards on a model's images, and on changed ones.
type RewardCardWork struct {
	Subject       string         `json:"subject"`         // the model whose images they are
	Rater         string         `json:"rater,omitempty"` // empty: nobody labels the images
	Rewards       []string       `json:"rewards"`
	Perturbations []Perturbation `json:"perturbations"`
	Bins          int            `json:"bins"`
}

var _ MeasureWork = (*RewardCardWork)(nil)

func perturbedScoresBy(reward string) string { return "perturbed scores " + reward }

// rewardCard plans the card of the evaluation's rewards, on the images on which they
// are judged.
func (e *evaluation) rewardCard() {
	model, ok := e.judgedModel()
	if !ok {
		return
	}
	work := &RewardCardWork{Subject: model.Name(), Perturbations: perturbations(e.Card), Bins: e.Card.Bins}
	var inputs []Input
	if e.Alignment != nil {
		work.Rater = e.judge()
		inputs = append(inputs, Input{Labels, e.rated(model), Labels})
	}
	changed := e.perturbed(model)
	for _, reward := range e.Rewards {
		work.Rewards = append(work.Rewards, reward.Name)
		inputs = append(inputs,
			Input{scoresBy(reward.Name), e.scored(model, reward), Scores},
			Input{perturbedScoresBy(reward.Name), e.score(reward, changed, e.Card.Range), Scores})
	}
	e.measure(work, "", e.Card.Range, inputs)
}

func (*RewardCardWork) kind() (record.Kind, string) { return record.KindMeasure, "1" }
func (*RewardCardWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*RewardCardWork) Measure() metric.Measure { return metric.MeasureRewardCard }

// Compute implements MeasureWork.
func (w *RewardCardWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	of := metric.RewardCardInput{Model: w.Subject, Rater: w.Rater, Bins: w.Bins, Seed: seed}
	var err error
	if w.Rater != "" {
		if of.Labels, err = readRows[table.Label](in, Labels); err != nil {
			return nil, nil, err
		}
	}
	for _, reward := range w.Rewards {
		carded := metric.Carded{Reward: reward}
		if carded.Scores, err = readRows[table.Score](in, scoresBy(reward)); err != nil {
			return nil, nil, err
		}
		changed, err := readRows[table.Score](in, perturbedScoresBy(reward))
		if err != nil {
			return nil, nil, err
		}
		scores := make(map[string]float64, len(changed))
		for _, row := range changed {
			scores[row.ImageID] = row.Score
		}
		for _, change := range w.Perturbations {
			perturbed := metric.Perturbed{Name: change.Name(), Destroys: change.Destroys(), Scores: map[string]float64{}}
			for _, row := range carded.Scores {
				if score, ok := scores[change.Image(row.ImageID)]; ok {
					perturbed.Scores[row.ImageID] = score
				}
			}
			carded.Perturbed = append(carded.Perturbed, perturbed)
		}
		of.Rewards = append(of.Rewards, carded)
	}
	return metric.RewardCard(of)
}
