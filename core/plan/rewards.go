package plan

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// imageSet is a table of images, with what stages about it go by.
type imageSet struct {
	name  string // such as "labelled" or "main/base"
	about record.Stage
	node  *Node // makes it
	count int   // of images
}

func (b *builder) imageSet(images *spec.Images) imageSet {
	return imageSet{images.Name, record.Stage{Subject: images.Name}, b.images(images), images.Count()}
}

// as names a stage that a reward or an encoder does about the images.
func (s imageSet) as(kind Kind, component *spec.Component) named {
	about := s.about
	about.Reward = ""
	if component.Kind == "reward" {
		about.Reward = component.Name
	}
	return named{string(kind) + "/" + s.name + "/" + component.Name, about}
}

// encode has an encoder make features of images, and of their prompts if it can.
// Whoever reads features of these images by this encoder shares the stage.
func (b *builder) encode(encoder *spec.Component, of imageSet) *Node {
	instance, inputs := b.instance(encoder)
	inputs = append([]Input{{Images, of.node, Images}}, inputs...)
	work := &EncodeWork{Texts: instance.Identity.Has(schema.Texts), Images: of.count}
	return b.add(of.as(Encode, encoder), work, instance, 0, encoder.Range, inputs...)
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

// score has a reward score images.
func (b *builder) score(reward *spec.Component, of imageSet, where diag.Range) *Node {
	if reward.Sum != nil {
		return b.blend(reward, of, where)
	}
	instance, checkpoint := b.instance(reward)
	inputs := append([]Input{{Images, of.node, Images}}, b.features(reward, instance.Identity, of)...)
	return b.add(of.as(Score, reward), &ScoreWork{Images: of.count}, instance, 0, where, append(inputs, checkpoint...)...)
}

// blend adds up the scores of a weighted sum's members.
func (b *builder) blend(reward *spec.Component, of imageSet, where diag.Range) *Node {
	sum := reward.Sum
	work := &BlendWork{Normalize: sum.Normalize, Reward: reward.Name, Images: of.count}
	var inputs []Input
	for i, member := range sum.Members {
		term := BlendTerm{Reward: member.Reward.Name, Weight: member.Weight, Scores: fmt.Sprintf("scores %d", i+1)}
		inputs = append(inputs, Input{term.Scores, b.score(member.Reward, of, where), Scores})
		if sum.Over != nil {
			work.Over = sum.Over.Name
			term.Over = fmt.Sprintf("scores %d over", i+1)
			inputs = append(inputs, Input{term.Over, b.score(member.Reward, b.imageSet(sum.Over), reward.Range), Scores})
		}
		work.Terms = append(work.Terms, term)
	}
	return b.add(of.as(Blend, reward), work, nil, 0, reward.Range, inputs...)
}
