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

// BestOfWork measures the images that rewards chose among the same drawn ones,
// against as many random ones, against other models and against each other.
type BestOfWork struct {
	Model  string   `json:"model"`
	Rater  string   `json:"rater"`
	N      int      `json:"n"`    // images drawn per prompt
	Keep   int      `json:"keep"` // images kept per prompt
	Chosen []Chosen `json:"chosen"`
}

// Chosen is who chose among the drawn images, and which models the choice is
// compared with.
type Chosen struct {
	Reward  string   `json:"reward"`
	Against []string `json:"against,omitempty"`
}

var _ MeasureWork = (*BestOfWork)(nil)

const randomLabels = "random labels"

func bestLabels(reward string) string { return "best labels " + reward }
func labelsOf(model string) string    { return "labels " + model }

// draws gathers the best_of blocks that choose as many among the same drawn
// images, in the order of the experiment.
func draws(blocks []*spec.BestOf) [][]*spec.BestOf {
	type draw struct {
		model   spec.Model
		n, keep int
	}
	position := map[draw]int{}
	var all [][]*spec.BestOf
	for _, block := range blocks {
		of := draw{block.Model, block.N, block.Keep}
		at, known := position[of]
		if !known {
			at = len(all)
			position[of] = at
			all = append(all, nil)
		}
		all[at] = append(all[at], block)
	}
	return all
}

// bestOf plans the blocks of one draw. An image that several rewards choose, or
// chance as well, is judged alike each time: it is the same image to the same raters.
func (e *evaluation) bestOf(position int, blocks []*spec.BestOf) {
	first := blocks[0]
	model := first.Model.Name()
	label := "best_of/" + model
	if position > 0 {
		label = fmt.Sprintf("best_of/%d/%s", position+1, model)
	}
	about := record.Stage{Evaluation: e.Name, Measure: string(metric.MeasureBestOf), Subject: model}
	under := func(kind, rest string) named { return named{kind + "/" + e.Name + "/" + label + rest, about} }
	judged := func(as named, images *Node, count int, where diag.Range) *Node {
		return e.judged(as, under("rate", "").name, images, count, where)
	}
	prompts := len(e.Prompts)
	kept := prompts * first.Keep

	drawn := e.sample(under("sample", ""), "best_of/"+e.Name, first.Model, e.Prompts, first.N, first.Range)
	random := e.add(under("choose", "/"+ChooseRandom), &ChooseWork{How: ChooseRandom, Keep: first.Keep, Images: kept},
		nil, e.seed(under("choose", "").name), first.Range, Input{Images, drawn, Images})
	work := &BestOfWork{Model: model, Rater: e.judge(), N: first.N, Keep: first.Keep}
	measured := []Input{{randomLabels, judged(under("rate", "/"+ChooseRandom), random, kept, first.Range), Labels}}
	against := map[string]bool{}
	for _, block := range blocks {
		reward := block.Reward.Name
		scores := e.score(block.Reward, imageSet{e.Name + "/" + label, about, drawn, prompts * first.N}, block.Range)
		by := func(kind string) named {
			as := under(kind, "/"+ChooseBest+"/"+reward)
			as.about.Reward = reward
			return as
		}
		best := e.add(by("choose"), &ChooseWork{How: ChooseBest, Keep: first.Keep, Images: kept}, nil, 0, block.Range,
			Input{Images, drawn, Images}, Input{Scores, scores, Scores})
		measured = append(measured, Input{bestLabels(reward), judged(by("rate"), best, kept, block.Range), Labels})
		chosen := Chosen{Reward: reward}
		for _, other := range block.Against {
			chosen.Against = append(chosen.Against, other.Name())
			if !against[other.Name()] {
				against[other.Name()] = true
				measured = append(measured, Input{labelsOf(other.Name()), e.rated(other), Labels})
			}
		}
		work.Chosen = append(work.Chosen, chosen)
	}
	where := first.Range
	if where == (diag.Range{}) {
		where = e.Range
	}
	as := under("measure", "")
	as.about.Baseline = e.baselineName()
	e.add(as, work, nil, e.seed(as.name), where, measured...)
}

func (*BestOfWork) kind() (record.Kind, string) { return record.KindMeasure, "5" }
func (*BestOfWork) items() (int, string)        { return 0, "images" }

// Measure implements MeasureWork.
func (*BestOfWork) Measure() metric.Measure { return metric.MeasureBestOf }

// Compute implements MeasureWork.
func (w *BestOfWork) Compute(_ context.Context, in *MeasureInputs, seed uint64) ([]record.Metric, []dataset.PromptValue, error) {
	of := metric.BestOfInput{Model: w.Model, N: w.N, Keep: w.Keep, Rater: w.Rater, Seed: seed, Models: map[string][]table.Label{}}
	var err error
	if of.Random, err = readRows[table.Label](in, randomLabels); err != nil {
		return nil, nil, err
	}
	for _, chosen := range w.Chosen {
		best := metric.Chosen{Reward: chosen.Reward, Against: chosen.Against}
		if best.Labels, err = readRows[table.Label](in, bestLabels(chosen.Reward)); err != nil {
			return nil, nil, err
		}
		of.Chosen = append(of.Chosen, best)
		for _, model := range chosen.Against {
			if _, read := of.Models[model]; read {
				continue
			}
			labels, err := readRows[table.Label](in, labelsOf(model))
			if err != nil {
				return nil, nil, err
			}
			of.Models[model] = firstImages(labels, w.Keep)
		}
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
