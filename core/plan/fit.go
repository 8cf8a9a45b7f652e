package plan

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// FitWork has a reward, rater or encoder learn from labels or images.
type FitWork struct {
	Labels bool     `json:"labels"` // whether there are labels
	Sets   []FitSet `json:"-"`      // the inputs have their roles
	Images int      `json:"-"`
}

// FitSet is a table of images that is learned from, with tables about it: roles of
// inputs, empty where there is none.
type FitSet struct{ Images, Labels, Features string }

var _ Work = (*FitWork)(nil)

func (*FitWork) kind() (record.Kind, string) { return record.KindFit, "2" }
func (w *FitWork) items() (int, string)      { return w.Images, "images" }

// fit has a reward learn from labels, or a rater or encoder from images.
func (b *builder) fit(component *spec.Component) *Node {
	return b.once(component, func() *Node {
		as := named{"fit/" + component.Name, record.Stage{Subject: component.Name, Reward: component.Name}}
		if component.Kind != "reward" {
			as = named{"fit/" + component.Kind + "/" + component.Name, record.Stage{Subject: component.Name}}
		}
		seed := b.seed(as.name)
		instance := b.untrained(component)
		if len(component.Labels) == 0 {
			of := b.imageSet(component.Images)
			work := &FitWork{Sets: []FitSet{{Images: Images}}, Images: of.count}
			return b.add(as, work, instance, seed, component.Range, Input{Images, of.node, Images})
		}
		work := &FitWork{Labels: true}
		var inputs, features []Input
		for i, labels := range component.Labels {
			role := func(of string) string { return numbered(of, i, len(component.Labels)) }
			of := b.imageSet(labels.Images)
			inputs = append(inputs, Input{role(Images), of.node, Images}, Input{role(Labels), b.labels(labels), Labels})
			set := FitSet{Images: role(Images), Labels: role(Labels)}
			for _, input := range b.features(component, instance.Identity, of) {
				if input.Output == Features {
					set.Features = role(Features)
				}
				input.Role = role(input.Role)
				features = append(features, input)
			}
			work.Sets = append(work.Sets, set)
			work.Images += of.count
		}
		if instance.Identity.Has(schema.FitTexts) {
			features = append(features, Input{moreTextFeatures, b.encodeFitTexts(component, seed, work, inputs), TextFeatures})
		}
		return b.add(as, work, instance, seed, component.Range, append(inputs, features...)...)
	})
}

// numbered is the role of one of several inputs of a kind, counted from 0; the kind
// itself of a single one.
func numbered(role string, i, of int) string {
	if of == 1 {
		return role
	}
	return fmt.Sprintf("%s %d", role, i+1)
}
