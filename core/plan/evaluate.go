package plan

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
)

// evaluate plans one evaluate block. All models draw their images with the
// same seeds; the rewards are judged on the baseline's images, which none of
// them was used to make.
func (b *builder) evaluate(evaluate *spec.Evaluate) {
	e := &evaluation{builder: b, Evaluate: evaluate, count: len(evaluate.Prompts) * evaluate.PerPrompt}
	for _, model := range evaluate.Models {
		e.measureModel(model)
	}
	e.measureRewards()
	for i, bestOf := range evaluate.BestOf {
		e.measureBestOf(i, bestOf)
	}
}

// evaluation is one evaluate block while it is planned. Its methods make each
// node where it is first needed; asking again finds the same node.
type evaluation struct {
	*builder
	*spec.Evaluate
	count int // images per model
}

func (e *evaluation) drawn(model spec.Model) *Node {
	type drawn struct {
		by *spec.Evaluate
		of spec.Model
	}
	return e.once(drawn{e.Evaluate, model}, func() *Node {
		return e.sample("sample/"+e.Name+"/"+model.Name(), "evaluate/"+e.Name, model, e.Prompts, e.PerPrompt, e.Range)
	})
}

func (e *evaluation) rated(model spec.Model) *Node {
	return e.judged("rate/"+e.Name+"/"+model.Name(), e.drawn(model), e.count, e.Alignment.Range)
}

// judged has the block's raters judge images, or looks for them among people's
// verdicts: one file for all the images of the block, of all variants.
func (e *evaluation) judged(name string, images *Node, count int, where diag.Range) *Node {
	path := e.Alignment.Path
	if path == "" {
		return e.rate(name, e.Alignment.Rater, images, 1, count, where)
	}
	work := &RateWork{Fraction: 1, Path: path, Digest: e.spec.Digests[path], Blind: true, Sheet: e.sheet(), Images: count}
	return e.add(name, work, nil, 0, where, Input{Images, images, Images})
}

// sheet names the block's images in plumb export: all that its raters judge.
func (e *evaluation) sheet() string { return "evaluate/" + e.Name }

// judge is what reports call who judges.
func (e *evaluation) judge() string {
	if e.Alignment.Rater == nil {
		return People
	}
	return e.Alignment.Rater.Name
}

func (e *evaluation) scored(model spec.Model, reward *spec.Component) *Node {
	return e.score(reward, e.set(model), e.Range)
}

// set is the images of a model.
func (e *evaluation) set(model spec.Model) imageSet {
	return imageSet{e.Name + "/" + model.Name(), e.drawn(model), e.count}
}

// isBaseline compares by what draws: a sampler and a finetune of it may share
// a name.
func (e *evaluation) isBaseline(model spec.Model) bool {
	return model.Finetune == e.Baseline.Finetune && model.Name() == e.Baseline.Name()
}

func (e *evaluation) hasBaseline() bool {
	return e.Baseline.Sampler != nil || e.Baseline.Finetune != nil
}

func (e *evaluation) measureModel(model spec.Model) {
	subject := model.Name()
	compared := e.hasBaseline() && !e.isBaseline(model)
	baseline := ""
	if compared {
		baseline = e.Baseline.Name()
	}
	prefix := "measure/" + e.Name + "/"

	if e.Alignment != nil && e.wants(MeasureAlignment) {
		work := &MeasureWork{What: MeasureAlignment, Subject: subject, Baseline: baseline, By: e.judge()}
		inputs := []Input{{Labels, e.rated(model), Labels}}
		if compared {
			inputs = append(inputs, Input{"baseline labels", e.rated(e.Baseline), Labels})
		}
		e.add(prefix+MeasureAlignment+"/"+subject, work, nil, e.seed(prefix+MeasureAlignment), e.Alignment.Range, inputs...)
	}
	if len(e.Rewards) > 0 && e.wants(MeasureReward) {
		work := &MeasureWork{What: MeasureReward, Subject: subject, Baseline: baseline}
		var inputs []Input
		for _, reward := range e.Rewards {
			work.Rewards = append(work.Rewards, reward.Name)
			inputs = append(inputs, Input{"scores " + reward.Name, e.scored(model, reward), Scores})
			if compared {
				inputs = append(inputs, Input{"baseline scores " + reward.Name, e.scored(e.Baseline, reward), Scores})
			}
		}
		e.add(prefix+MeasureReward+"/"+subject, work, nil, e.seed(prefix+MeasureReward), e.Range, inputs...)
	}
	if e.Fidelity != nil && e.wants(MeasureFidelity) {
		reference := e.Fidelity.Reference
		work := &MeasureWork{What: MeasureFidelity, Subject: subject, By: e.Fidelity.Encoder.Name, Reference: reference.Name, Encoder: e.whatIs(e.Fidelity.Encoder)}
		features, referenceFeatures := e.encode(e.Fidelity.Encoder, e.set(model)), e.encode(e.Fidelity.Encoder, e.imageSet(reference))
		inputs := []Input{{Features, features, Features}, {"reference features", referenceFeatures, Features}}
		// Rows of features know their image only by its ID: the images table
		// says which prompt it was drawn for.
		inputs = append(inputs, Input{Images, e.drawn(model), Images})
		e.add(prefix+MeasureFidelity+"/"+subject, work, nil, e.seed(prefix+MeasureFidelity), e.Fidelity.Range, inputs...)
	}
}

// whatIs names a component and its weights: whoever compares a distance with
// another one needs to know whether both were measured on the same features.
func (b *builder) whatIs(component *spec.Component) string {
	text := component.Component
	for _, path := range component.Paths {
		digest := b.spec.Digests[path]
		text += ", weights sha256 " + digest[:min(12, len(digest))]
	}
	if component.Images != nil {
		text += ", fitted on " + component.Images.Name
	}
	return text
}

func (e *evaluation) measureRewards() {
	if e.Alignment == nil || len(e.Rewards) == 0 || !e.wants(MeasureRewardAccuracy) {
		return
	}
	judged := e.Baseline
	if !e.hasBaseline() {
		if len(e.Models) == 0 {
			return
		}
		judged = e.Models[0]
	}
	work := &MeasureWork{What: MeasureRewardAccuracy, Subject: judged.Name(), By: e.judge()}
	inputs := []Input{{Labels, e.rated(judged), Labels}}
	for _, reward := range e.Rewards {
		work.Rewards = append(work.Rewards, reward.Name)
		inputs = append(inputs, Input{"scores " + reward.Name, e.scored(judged, reward), Scores})
	}
	name := "measure/" + e.Name + "/" + MeasureRewardAccuracy
	e.add(name, work, nil, e.seed(name), e.Range, inputs...)
}

func (e *evaluation) measureBestOf(position int, bestOf *spec.BestOf) {
	if !e.wants(MeasureBestOf) {
		return
	}
	model := bestOf.Model.Name()
	label := "best_of/" + model
	if position > 0 {
		label = fmt.Sprintf("best_of/%d/%s", position+1, model)
	}
	under := func(kind, rest string) string { return kind + "/" + e.Name + "/" + label + rest }
	prompts := len(e.Prompts)

	drawn := e.sample(under("sample", ""), "best_of/"+e.Name, bestOf.Model, e.Prompts, bestOf.N, bestOf.Range)
	scores := e.score(bestOf.Reward, imageSet{e.Name + "/" + label, drawn, prompts * bestOf.N}, bestOf.Range)
	inputs := []Input{{Images, drawn, Images}, {Scores, scores, Scores}}
	kept := prompts * bestOf.Keep
	best := e.add(under("choose", "/"+ChooseBest), &ChooseWork{How: ChooseBest, Keep: bestOf.Keep, Images: kept},
		nil, 0, bestOf.Range, inputs...)
	random := e.add(under("choose", "/"+ChooseRandom), &ChooseWork{How: ChooseRandom, Keep: bestOf.Keep, Images: kept},
		nil, e.seed(under("choose", "")), bestOf.Range, inputs[:1]...)

	work := &MeasureWork{What: MeasureBestOf, Subject: model, By: e.judge(), Rewards: []string{bestOf.Reward.Name}, N: bestOf.N, Keep: bestOf.Keep}
	measured := []Input{
		{"best labels", e.judged(under("rate", "/"+ChooseBest), best, kept, bestOf.Range), Labels},
		{"random labels", e.judged(under("rate", "/"+ChooseRandom), random, kept, bestOf.Range), Labels},
	}
	for _, against := range bestOf.Against {
		work.Against = append(work.Against, against.Name())
		measured = append(measured, Input{"labels " + against.Name(), e.rated(against), Labels})
	}
	name := under("measure", "")
	where := bestOf.Range
	if where == (diag.Range{}) {
		where = e.Range
	}
	e.add(name, work, nil, e.seed(name), where, measured...)
}
