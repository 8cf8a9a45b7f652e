package plan

import (
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// TextsWork asks a reward which texts its fit reads beside the images' prompts.
type TextsWork struct {
	Sets   []FitSet `json:"-"` // as in FitWork, without features
	Images int      `json:"-"`
}

var _ Work = (*TextsWork)(nil)

func (*TextsWork) kind() (record.Kind, string) { return record.KindTexts, "1" }
func (w *TextsWork) items() (int, string)      { return w.Images, "images" }

// moreTextFeatures is the role of the features of what a reward's fit reads beside
// the images' prompts.
const moreTextFeatures = "text_features of more texts"

// encodeFitTexts asks a reward which texts its fit reads beside the images'
// prompts, and has them encoded. inputs are the images and labels of the fit.
func (b *builder) encodeFitTexts(reward *spec.Component, seed uint64, fit *FitWork, inputs []Input) *Node {
	about := record.Stage{Subject: reward.Name, Reward: reward.Name}
	work := &TextsWork{Images: fit.Images}
	for _, set := range fit.Sets {
		work.Sets = append(work.Sets, FitSet{Images: set.Images, Labels: set.Labels})
	}
	texts := b.add(named{"texts/" + reward.Name, about}, work, b.untrained(reward), seed, reward.Range, inputs...)
	instance, checkpoint := b.instance(reward.Encoder)
	inputs = append([]Input{{Texts, texts, Texts}}, checkpoint...)
	as := named{"encode/texts/" + reward.Name + "/" + reward.Encoder.Name, about}
	return b.add(as, &EncodeTextsWork{}, instance, 0, reward.Encoder.Range, inputs...)
}
