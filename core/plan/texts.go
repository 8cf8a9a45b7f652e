package plan

import (
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// TextsWork asks a reward which texts its fit reads beside the images' prompts.
type TextsWork struct {
	Images int `json:"-"`
}

var _ Work = (*TextsWork)(nil)

func (*TextsWork) kind() (record.Kind, string) { return record.KindTexts, "1" }
func (w *TextsWork) items() (int, string)      { return w.Images, "images" }

// moreTextFeatures is the role of the features of what a reward's fit reads beside
// the images' prompts.
const moreTextFeatures = "text_features of more texts"

// encodeFitTexts asks a reward which texts its fit reads beside the images'
// prompts, and has them encoded.
func (b *builder) encodeFitTexts(reward *spec.Component, seed uint64, images int, inputs []Input) *Node {
	about := record.Stage{Subject: reward.Name, Reward: reward.Name}
	texts := b.add(named{"texts/" + reward.Name, about}, &TextsWork{Images: images}, b.untrained(reward), seed, reward.Range, inputs...)
	instance, checkpoint := b.instance(reward.Encoder)
	inputs = append([]Input{{Texts, texts, Texts}}, checkpoint...)
	as := named{"encode/texts/" + reward.Name + "/" + reward.Encoder.Name, about}
	return b.add(as, &EncodeTextsWork{}, instance, 0, reward.Encoder.Range, inputs...)
}
