package plan

import (
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// ScoreWork has a reward score images.
type ScoreWork struct {
	Images int `json:"-"`
}

var _ Work = (*ScoreWork)(nil)

func (*ScoreWork) kind() (record.Kind, string) { return record.KindScore, "2" }
func (w *ScoreWork) items() (int, string)      { return w.Images, "images" }

// score has a reward score images.
func (b *builder) score(reward *spec.Component, of imageSet, where diag.Range) *Node {
	if reward.Sum != nil {
		return b.blend(reward, of, where)
	}
	instance, checkpoint := b.instance(reward)
	inputs := append([]Input{{Images, of.node, Images}}, b.features(reward, instance.Identity, of)...)
	return b.add(of.as(record.KindScore, reward), &ScoreWork{Images: of.count}, instance, 0, where, append(inputs, checkpoint...)...)
}

// features are what a reward reads of images beside the images table.
func (b *builder) features(reward *spec.Component, is spec.Identity, of imageSet) []Input {
	var inputs []Input
	if is.DoesRead(schema.ReadImageFeatures) {
		inputs = append(inputs, Input{Features, b.encode(reward.Encoder, of), Features})
	}
	if is.DoesRead(schema.ReadTextFeatures) {
		inputs = append(inputs, Input{TextFeatures, b.encode(reward.Encoder, of), TextFeatures})
	}
	return inputs
}
