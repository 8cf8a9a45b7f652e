package plan

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// BestOfWork measures the images that a reward chose, against as many random ones
// and against other models.
type BestOfWork struct {
	Model   string   `json:"model"`
	Rater   string   `json:"rater"`
	Reward  string   `json:"reward"`            // who chose
	N       int      `json:"n"`                 // images drawn per prompt
	Keep    int      `json:"keep"`              // images kept per prompt
	Against []string `json:"against,omitempty"` // models
}

var _ MeasureWork = (*BestOfWork)(nil)

const (
	bestLabels   = "best labels"
	randomLabels = "random labels"
)

func labelsOf(model string) string { return "labels " + model }

func (e *evaluation) bestOf(position int, bestOf *spec.BestOf) {
	model := bestOf.Model.Name()
	label := "best_of/" + model
	if position > 0 {
		label = fmt.Sprintf("best_of/%d/%s", position+1, model)
	}
	about := record.Stage{Evaluation: e.Name, Measure: string(metric.MeasureBestOf), Subject: model, Reward: bestOf.Reward.Name}
	under := func(kind, rest string) named { return named{kind + "/" + e.Name + "/" + label + rest, about} }
	prompts := len(e.Prompts)

	drawn := e.sample(under("sample", ""), "best_of/"+e.Name, bestOf.Model, e.Prompts, bestOf.N, bestOf.Range)
	scores := e.score(bestOf.Reward, imageSet{e.Name + "/" + label, about, drawn, prompts * bestOf.N}, bestOf.Range)
	inputs := []Input{{Images, drawn, Images}, {Scores, scores, Scores}}
	kept := prompts * bestOf.Keep
	best := e.add(under("choose", "/"+ChooseBest), &ChooseWork{How: ChooseBest, Keep: bestOf.Keep, Images: kept},
		nil, 0, bestOf.Range, inputs...)
	random := e.add(under("choose", "/"+ChooseRandom), &ChooseWork{How: ChooseRandom, Keep: bestOf.Keep, Images: kept},
		nil, e.seed(under("choose", "").name), bestOf.Range, inputs[:1]...)

	work := &BestOfWork{Model: model, Rater: e.judge(), Reward: bestOf.Reward.Name, N: bestOf.N, Keep: bestOf.Keep}
	measured := []Input{
		{bestLabels, e.judged(under("rate", "/"+ChooseBest), best, kept, bestOf.Range), Labels},
		{randomLabels, e.judged(under("rate", "/"+ChooseRandom), random, kept, bestOf.Range), Labels},
	}
	for _, against := range bestOf.Against {
		work.Against = append(work.Against, against.Name())
		measured = append(measured, Input{labelsOf(against.Name()), e.rated(against), Labels})
	}
	where := bestOf.Range
	if where == (diag.Range{}) {
		where = e.Range
	}
	as := under("measure", "")
	as.about.Baseline = e.baselineName()
	e.add(as, work, nil, e.seed(as.name), where, measured...)
}

func (*BestOfWork) kind() (record.Kind, string) { return record.KindMeasure, "3" }
func (*BestOfWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*BestOfWork) Measure() metric.Measure { return metric.MeasureBestOf }

// Compute implements MeasureWork.
func (w *BestOfWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	of := metric.BestOfInput{
		Model: w.Model, Reward: w.Reward, N: w.N, Keep: w.Keep, Rater: w.Rater, Seed: seed, Against: map[string][]table.Label{},
	}
	var err error
	if of.Best, err = readRows[table.Label](in, bestLabels); err != nil {
		return nil, nil, err
	}
	if of.Random, err = readRows[table.Label](in, randomLabels); err != nil {
		return nil, nil, err
	}
	for _, model := range w.Against {
		labels, err := readRows[table.Label](in, labelsOf(model))
		if err != nil {
			return nil, nil, err
		}
		of.Against[model] = firstImages(labels, w.Keep)
	}
	return metric.BestOf(of)
}

// firstImages keeps the labels of the first images of each prompt. Tables of
// labels are in the order of their images.
func firstImages(labels []table.Label, keep int) []table.Label {
	type prompt struct{ category, text string }
	count := map[prompt]int{}
	kept := map[string]bool{}
	seen := map[string]bool{}
	var first []table.Label
	for _, label := range labels {
		of := prompt{label.Category, label.Prompt}
		if !seen[label.ImageID] {
			seen[label.ImageID] = true
			if count[of] < keep {
				count[of]++
				kept[label.ImageID] = true
			}
		}
		if kept[label.ImageID] {
			first = append(first, label)
		}
	}
	return first
}
