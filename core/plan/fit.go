package plan

import (
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// FitWork has a reward, rater or encoder learn from labels or images.
type FitWork struct {
	Labels bool `json:"labels"` // whether there are labels
	Images int  `json:"-"`
}

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
		if component.Labels == nil {
			of := b.imageSet(component.Images)
			return b.add(as, &FitWork{Images: of.count}, instance, seed, component.Range, Input{Images, of.node, Images})
		}
		of := b.imageSet(component.Labels.Images)
		inputs := []Input{{Images, of.node, Images}, {Labels, b.labels(component.Labels), Labels}}
		features := b.features(component, instance.Identity, of)
		if instance.Identity.Has(schema.FitTexts) {
			features = append(features, Input{moreTextFeatures, b.encodeFitTexts(component, seed, of.count, inputs), TextFeatures})
		}
		return b.add(as, &FitWork{Labels: true, Images: of.count}, instance, seed, component.Range, append(inputs, features...)...)
	})
}
