package spec

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

var finetuneForm = form{
	schema: Schema{Attributes: slices.Concat([]Attribute{
		{Name: "from_scratch", Type: "bool", Default: []byte(`false`), Summary: "start from random weights"},
		{Name: "weights", Type: "string", Default: []byte(`"reward"`), OneOf: []string{"reward", "uniform"}, Summary: "what weighs the images; uniform is the control without a reward"},
	}, optimizerSchema.Attributes)},
	values: []hcl.AttributeSchema{{Name: "sampler", Required: true}, {Name: "reward"}, {Name: "images"}},
	blocks: []hcl.BlockHeaderSchema{{Type: "loss", LabelNames: []string{"name"}}},
}

// finetuneBases resolves what every finetune tunes, before anything else of
// it: finetunes may be chained in any order of the file, and images may be
// drawn by them.
func (l *loader) finetuneBases() {
	each(l, "finetune", func(block *hcl.Block, finetune *Finetune) {
		// Mistakes in the rest of the body are reported by finetuneBlocks.
		content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "sampler"}}})
		attribute, ok := content.Attributes["sampler"]
		if !ok {
			return
		}
		if base := l.oneOf(attribute, "sampler", "finetune"); base.reference != nil {
			l.bases[finetune] = base.reference
		}
	})
	for _, finetune := range l.spec.Finetunes {
		if base, ok := l.bases[finetune]; ok {
			other, _ := base.target.(*Finetune)
			finetune.Model = Model{Sampler: l.root(finetune), Finetune: other}
		}
	}
}

// root follows a chain of finetunes to its sampler; nil if the chain is broken
// or a circle.
func (l *loader) root(finetune *Finetune) *Component {
	for range len(l.spec.Finetunes) + 1 {
		base, ok := l.bases[finetune]
		if !ok {
			return nil
		}
		if sampler, ok := base.target.(*Component); ok {
			return sampler
		}
		if finetune, ok = base.target.(*Finetune); !ok {
			return nil
		}
	}
	return nil
}

// finetuneBlocks decodes fine-tunings:
//
//	finetune "full" {
//	  sampler = sampler.base
//	  reward  = reward.with_aux
//	  images  = [images.labelled, images.unlabelled]
//	  steps   = 400
//
//	  loss "reward_weighted" {}
//
//	  loss "pretraining" {
//	    weight = 1
//	    images = images.real
//	  }
//	}
func (l *loader) finetuneBlocks() {
	each(l, "finetune", func(block *hcl.Block, finetune *Finetune) {
		component, known := l.tunable(finetune, block)
		arguments := l.decode(block.Body, finetuneBody(component, known))
		finetune.FromScratch = arguments.flag("from_scratch")
		finetune.Steps = arguments.integer("steps")
		finetune.BatchSize = arguments.integer("batch_size")
		optimizer := map[string]any{}
		for _, attribute := range optimizerSchema.Attributes {
			optimizer[attribute.Name] = arguments.config[attribute.Name]
		}
		finetune.Optimizer, _ = canonicalJSON(optimizer) // of numbers and strings: it cannot fail
		finetune.Options = tuningOptions(component.Tuning, arguments)
		if warmup := arguments.integer("warmup_steps"); warmup > finetune.Steps {
			report, at := l.warning, arguments.at("steps", block.DefRange) // of a few steps, in a trial perhaps
			if arguments.given("warmup_steps") {
				report, at = l.error, arguments.ranges["warmup_steps"]
			}
			report(at, "Warm-up longer than the training", "warmup_steps is %d, and there are only %d steps: the learning rate would never reach its height. Make warmup_steps smaller.", warmup, finetune.Steps)
		}
		images := arguments.others["images"]
		for _, r := range l.listOf(images, "images") {
			finetune.Images = append(finetune.Images, r.images())
		}
		uniform := arguments.text("weights") == "uniform"
		weighed, borrowed := "", ""
		for _, lossBlock := range arguments.blocks {
			loss, borrows := l.lossBlock(lossBlock, component.Losses, known)
			if borrows {
				borrowed = loss.Name
				loss.Weighed = !uniform
			}
			if loss.Weighed {
				weighed = loss.Name
			}
			finetune.Losses = append(finetune.Losses, loss)
		}
		if len(arguments.blocks) == 0 {
			l.error(block.DefRange, "No loss", "A finetune minimises the sum of its losses. Add at least one, such as loss \"reward_weighted\" {}.")
		}
		if borrowed != "" && images == nil {
			l.error(block.DefRange, "No images", "Loss %q has no images of its own and uses the finetune's: add images = [...].", borrowed)
		}
		if borrowed == "" && images != nil && len(arguments.blocks) > 0 {
			l.error(images.NameRange, "Images without a use", "Every loss names images of its own. Remove this argument, or that of a loss.")
		}
		reward := arguments.others["reward"]
		finetune.Reward = l.oneOf(reward, "reward").component()
		switch {
		case reward == nil && weighed != "":
			l.error(block.DefRange, "Missing reward", "Loss %q weighs the finetune's images by a reward. Name one (reward = reward.%s), or say weights = \"uniform\" for a control without.",
				weighed, l.firstName("reward"))
		case reward != nil && weighed == "" && len(arguments.blocks) > 0:
			why := "every loss has images of its own, which are not weighed"
			if uniform {
				why = "weights are uniform"
			}
			l.error(reward.NameRange, "Reward without a use", "The reward would change nothing, because %s. Remove it.", why)
		}
	})
}

// tunable returns the component of the tuned sampler: what losses it knows, and
// what else it takes. It reports false if that is not known because of an
// earlier mistake.
func (l *loader) tunable(finetune *Finetune, block *hcl.Block) (ComponentSchema, bool) {
	sampler := finetune.Model.Sampler
	if sampler == nil {
		return ComponentSchema{}, false
	}
	component, ok := l.lookUp("sampler", sampler.Component)
	if !ok {
		return ComponentSchema{}, false
	}
	if component.CanTune {
		return component, true
	}
	hint := ""
	var able []string
	for _, name := range l.options.Catalog.Names("sampler") {
		if other, ok := l.lookUp("sampler", name); ok && other.CanTune {
			able = append(able, name)
		}
	}
	if len(able) > 0 {
		hint = fmt.Sprintf(" These can: %s.", or(quoted(able)))
	}
	content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "sampler"}}})
	l.error(content.Attributes["sampler"].Expr.Range(), "Model cannot be tuned", "sampler.%s is a %q, which cannot be fine-tuned.%s", sampler.Name, sampler.Component, hint)
	return ComponentSchema{}, false
}

// finetuneBody is what a finetune block may say: its own arguments, and those
// of the sampler's component, if that is known. The block's own come first.
func finetuneBody(component ComponentSchema, known bool) form {
	body := finetuneForm
	body.partial = !known
	body.schema.Attributes = slices.Concat(finetuneForm.schema.Attributes, ownAttributes(component.Tuning))
	body.schema.Blocks = component.Tuning.Blocks
	return body
}

// ownAttributes are those of a component's schema for tuning that the finetune
// block does not take itself.
func ownAttributes(tuning Schema) []Attribute {
	return slices.DeleteFunc(slices.Clone(tuning.Attributes), func(a Attribute) bool {
		return finetuneForm.reserved(a.Name) || slices.ContainsFunc(finetuneForm.schema.Attributes, func(own Attribute) bool { return own.Name == a.Name })
	})
}

// tuningOptions picks the component's own out of a finetune's arguments; nil if
// it has none.
func tuningOptions(tuning Schema, arguments arguments) json.RawMessage {
	options := map[string]any{}
	for _, attribute := range ownAttributes(tuning) {
		options[attribute.Name] = arguments.config[attribute.Name]
	}
	for _, block := range tuning.Blocks {
		if value, ok := arguments.config[block.Type]; ok {
			options[block.Type] = value
		}
	}
	if len(options) == 0 {
		return nil
	}
	text, _ := canonicalJSON(options) // decoded by the schema: it cannot fail
	return text
}
