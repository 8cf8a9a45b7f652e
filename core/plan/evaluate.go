package plan

import (
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// evaluate plans one evaluate block. All models draw their images with the
// same seeds.
func (b *builder) evaluate(evaluate *spec.Evaluate) {
	e := &evaluation{builder: b, Evaluate: evaluate, count: len(evaluate.Prompts) * evaluate.PerPrompt}
	for _, model := range evaluate.Models {
		if e.Alignment != nil && e.wants(metric.MeasureAlignment) {
			e.alignment(model)
		}
		if len(e.Rewards) > 0 && e.wants(metric.MeasureReward) {
			e.reward(model)
		}
		if e.Fidelity != nil && e.wants(metric.MeasureFidelity) {
			e.fidelity(model)
		}
		if e.Fidelity != nil && e.wants(metric.MeasureDiversity) {
			e.diversity(model)
		}
	}
	for _, pair := range e.Compared() {
		if e.wants(metric.MeasurePreference) {
			e.preference(pair[0], pair[1])
		}
	}
	if e.Preference != nil && len(e.Models) > 2 && e.wants(metric.MeasureStrength) {
		e.strength()
	}
	if e.Fidelity != nil && e.wants(metric.MeasureFidelity) {
		e.floor()
	}
	if e.Fidelity != nil && e.wants(metric.MeasureDiversity) {
		e.naturalDiversity()
	}
	if e.Alignment != nil && len(e.Rewards) > 0 && e.wants(metric.MeasureRewardAccuracy) {
		e.rewardAccuracy()
	}
	if e.Card != nil && e.wants(metric.MeasureRewardCard) {
		e.rewardCard()
	}
	if e.wants(metric.MeasureBestOf) {
		for i, blocks := range draws(evaluate.BestOf) {
			e.bestOf(i, blocks)
		}
	}
}

// evaluation is one evaluate block while it is planned. Its methods make each
// node where it is first needed; asking again finds the same node.
type evaluation struct {
	*builder
	*spec.Evaluate
	count int // images per model
}

// measure adds a measure stage of a model, or of none ("").
func (e *evaluation) measure(work MeasureWork, model string, where diag.Range, inputs []Input) {
	e.measureOf(work, record.Stage{Subject: model}, model, where, inputs)
}

// measureOf adds a measure stage about a subject, called by a name. The seed is
// that of all subjects' stages: what is resampled alike is compared alike.
func (e *evaluation) measureOf(work MeasureWork, about record.Stage, name string, where diag.Range, inputs []Input) {
	stage := "measure/" + e.Name + "/" + string(work.Measure())
	seed := e.seed(stage)
	if name != "" {
		stage += "/" + name
	}
	about.Evaluation, about.Measure, about.Baseline = e.Name, string(work.Measure()), e.baselineName()
	e.add(named{stage, about}, work, nil, seed, where, inputs...)
}

func (e *evaluation) drawn(model spec.Model) *Node {
	type drawn struct {
		by *spec.Evaluate
		of spec.Model
	}
	return e.once(drawn{e.Evaluate, model}, func() *Node {
		if model.Images != nil {
			return e.match(model)
		}
		return e.sample(e.of("sample", model), "evaluate/"+e.Name, model, e.Prompts, e.PerPrompt, e.Range)
	})
}

// of names a stage of a model.
func (e *evaluation) of(kind string, model spec.Model) named {
	return named{kind + "/" + e.Name + "/" + model.Name(), record.Stage{Evaluation: e.Name, Subject: model.Name()}}
}

func (e *evaluation) rated(model spec.Model) *Node {
	as := e.of("rate", model)
	node := e.judged(as, as.name, e.drawn(model), e.count, e.Alignment.Range)
	if asking := node.Asks(); asking != nil && e.Alignment.People.By != nil && asking.Scores == nil {
		asking.Scores = e.score(e.Alignment.People.By, e.set(model), e.Alignment.People.Range)
	}
	return node
}

// judged has the block's raters or people label images, or looks for them among
// people's labels: one file, or one question, for all the images of the block, of all
// variants. Tables under the same name of a seed have the same labels of the same image.
func (e *evaluation) judged(as named, seedName string, images *Node, count int, where diag.Range) *Node {
	path := e.Alignment.Path
	switch {
	case e.Alignment.People != nil:
		asking := e.asking(e.Alignment.People, people.Rate, people.Alignment)
		asking.Blind = true
		return e.ask(as, &RateWork{Fraction: 1, People: asking, Images: count}, 0, images, where)
	case path == "":
		return e.rate(as, seedName, e.Alignment.Rater, images, count, where)
	}
	work := &RateWork{Fraction: 1, Path: path, Digest: e.spec.Digests[path], Blind: true, Sheet: e.sheet(), Images: count}
	return e.add(as, work, nil, 0, where, Input{Images, images, Images})
}

// sheet names the block's images in plumb export: all that its raters judge.
func (e *evaluation) sheet() string { return "evaluate/" + e.Name }

// People is what labels an evaluation's images where people do, asked or by a file.
const People = "people"

// judge is what reports call who labels.
func (e *evaluation) judge() string { return raterName(e.Alignment.Rater) }

// raterName is what reports call a rater; nil: people.
func raterName(rater *spec.Component) string {
	if rater == nil {
		return People
	}
	return rater.Name
}

func (e *evaluation) scored(model spec.Model, reward *spec.Component) *Node {
	return e.score(reward, e.set(model), e.Range)
}

// set is the images of a model.
func (e *evaluation) set(model spec.Model) imageSet {
	as := e.of("", model)
	return imageSet{e.Name + "/" + model.Name(), as.about, e.drawn(model), e.count}
}

// isBaseline compares by what draws: a sampler and a finetune of it may share
// a name.
func (e *evaluation) isBaseline(model spec.Model) bool {
	return model.Finetune == e.Baseline.Finetune && model.Images == e.Baseline.Images && model.Name() == e.Baseline.Name()
}

func (e *evaluation) hasBaseline() bool {
	return e.Baseline != spec.Model{}
}

func (e *evaluation) baselineName() string {
	if !e.hasBaseline() {
		return ""
	}
	return e.Baseline.Name()
}

// against is what a model is compared with: the baseline, or nothing.
func (e *evaluation) against(model spec.Model) string {
	if e.isBaseline(model) {
		return ""
	}
	return e.baselineName()
}
