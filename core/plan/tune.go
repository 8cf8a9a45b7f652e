package plan

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// TuneWork fine-tunes a sampler.
type TuneWork struct {
	FromScratch bool            `json:"from_scratch"`
	Losses      []TuneLoss      `json:"losses"`
	Reference   *TuneReference  `json:"reference,omitempty"` // nil: the model as it begins
	Compares    bool            `json:"-"`                   // whether a loss compares with the reference
	Steps       int             `json:"steps"`
	BatchSize   int             `json:"batch_size"`
	Optimizer   json.RawMessage `json:"optimizer"`
	Options     json.RawMessage `json:"-"`                 // the component's own settings; nil if it has none
	KeyOptions  json.RawMessage `json:"options,omitempty"` // the same with digests in place of paths

	// The rest is of a part of a tuning.

	Until  int    `json:"until,omitempty"`  // the step that it ends after; 0: the last
	After  int    `json:"-"`                // the step that it begins after
	Resume string `json:"resume,omitempty"` // role of an input: the state of the part before; empty: none is before
	// Verdict is the role of an input that says whether the tuning has ended before; empty:
	// it has not. If it has, what the part before made is what this one makes.
	Verdict string `json:"verdict,omitempty"`
}

// Leaves reports whether another part comes after this one.
func (w *TuneWork) Leaves() bool { return w.Until > 0 && w.Until < w.Steps }

// Before are the roles of the checkpoint and the curve of the part before, where there is
// a verdict.
func (w *TuneWork) Before() (checkpoint, curve string) { return checkpointBefore, curveBefore }

// TuneLoss is one term of the objective.
type TuneLoss struct {
	Name       string          `json:"name"`
	Weight     float64         `json:"weight"`
	Options    json.RawMessage `json:"-"`
	KeyOptions json.RawMessage `json:"options,omitempty"` // with digests in place of paths
	Sets       []TuneSet       `json:"sets"`
}

// TuneSet is a table of images that a loss learns from, with tables about it: roles
// of inputs, empty where the loss needs none.
type TuneSet struct {
	Images      string `json:"images"`
	Precomputed string `json:"precomputed,omitempty"`
	Scores      string `json:"scores,omitempty"`
	Labels      string `json:"labels,omitempty"`
	Comparisons string `json:"comparisons,omitempty"`
}

// TuneReference is the model that losses compare the tuned one with.
type TuneReference struct {
	Checkpoint string `json:"checkpoint,omitempty"` // role of an input; empty: the component's own weights
}

var _ Work = (*TuneWork)(nil)

func (*TuneWork) kind() (record.Kind, string) { return record.KindTune, "1" }
func (w *TuneWork) items() (int, string) {
	if w.Until > 0 {
		return w.Until - w.After, "steps"
	}
	return w.Steps, "steps"
}

// tune plans a fine-tuning: what it learns from, and the stage itself.
func (b *builder) tune(finetune *spec.Finetune) *Node {
	return b.once(finetune, func() *Node {
		instance, inputs := b.model(finetune.Model)
		t := &tuning{builder: b, finetune: finetune, precomputes: instance.Identity.Has(schema.Precompute), inputs: inputs, roles: map[*Node]string{}}
		work := &TuneWork{
			FromScratch: finetune.FromScratch,
			Optimizer:   orEmpty(finetune.Optimizer),
			Options:     finetune.Options,
			KeyOptions:  t.keyOptions(finetune.Options, finetune.Paths),
			Steps:       finetune.Steps,
			BatchSize:   finetune.BatchSize,
		}
		for _, loss := range finetune.Losses {
			work.Compares = work.Compares || slices.Contains(loss.Needs, schema.NeedReference)
			work.Losses = append(work.Losses, TuneLoss{
				Name: loss.Name, Weight: loss.Weight, Options: orEmpty(loss.Options),
				KeyOptions: t.keyOptions(orEmpty(loss.Options), loss.Paths),
				Sets:       t.sets(loss),
			})
		}
		if reference := finetune.Reference; reference != nil {
			work.Reference = &TuneReference{}
			if reference.Finetune != nil {
				work.Reference.Checkpoint = "reference checkpoint"
				t.inputs = append(t.inputs, Input{Role: work.Reference.Checkpoint, Node: b.tune(reference.Finetune), Output: Checkpoint})
			}
		}
		if finetune.Checkpoints != nil {
			return b.watched(finetune, *work, t.inputs)
		}
		as := named{"tune/" + finetune.Name, record.Stage{Subject: finetune.Name, Reward: rewardName(finetune)}}
		return b.add(as, work, instance, b.seed(as.name), finetune.Range, t.inputs...)
	})
}

// tuning is a finetune while it is planned.
type tuning struct {
	*builder
	finetune    *spec.Finetune
	precomputes bool // whether its sampler reads images in another form
	inputs      []Input
	roles       map[*Node]string // of inputs: a table that several losses read is one
}

// sets are the images that a loss learns from, by what it needs.
func (t *tuning) sets(loss spec.Loss) []TuneSet {
	needs := func(need schema.Need) bool { return slices.Contains(loss.Needs, need) }
	var sets []TuneSet
	switch {
	case needs(schema.NeedOwnImages):
		for _, images := range loss.Images {
			sets = append(sets, t.set(images))
		}
	case needs(schema.NeedLabels):
		for _, labels := range t.finetune.Labels {
			set := t.set(labels.Images)
			set.Labels = t.input("labels", t.labels(labels), Labels)
			sets = append(sets, set)
		}
	case needs(schema.NeedPairs):
		for _, comparisons := range t.finetune.Comparisons {
			set := t.set(comparisons.Images)
			set.Comparisons = t.input("comparisons", t.comparisons(comparisons), Comparisons)
			sets = append(sets, set)
		}
	default:
		for _, images := range t.finetune.Images {
			set := t.set(images)
			if reward := t.finetune.Reward; reward != nil && needs(schema.NeedScores) {
				scores := t.score(reward, t.imageSet(images), reward.Range)
				set.Scores = t.input("scores", scores, Scores)
			}
			sets = append(sets, set)
		}
	}
	return sets
}

// set is a table of images, in the form that the sampler reads them in.
func (t *tuning) set(images *spec.Images) TuneSet {
	node := t.images(images)
	set := TuneSet{Images: t.input("images", node, Images)}
	if t.precomputes {
		set.Precomputed = t.input("precomputed", t.precompute(samplerOf(t.finetune), images, node), Precomputed)
	}
	return set
}

// input makes a node's output an input, and returns its role: the word and a
// number.
func (t *tuning) input(word string, node *Node, output string) string {
	if known, ok := t.roles[node]; ok {
		return known
	}
	count := 1
	for _, input := range t.inputs {
		if input.Output == output {
			count++
		}
	}
	role := fmt.Sprintf("%s %d", word, count)
	t.roles[node] = role
	t.inputs = append(t.inputs, Input{Role: role, Node: node, Output: output})
	return role
}

// keyOptions are options as a key has them: digests stand in place of paths.
func (t *tuning) keyOptions(options json.RawMessage, paths []string) json.RawMessage {
	if len(options) == 0 {
		return nil
	}
	key, err := canonicalJSON(options, t.withDigests(paths))
	if err != nil {
		t.fail("settings of finetune %q: %w", t.finetune.Name, err)
	}
	return key
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}
