package spec

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

var finetuneForm = form{
	schema: Schema{Attributes: slices.Concat([]Attribute{
		{Name: "from_scratch", Type: "bool", Default: []byte(`false`), Summary: "start from random weights"},
		{Name: "weights", Type: "string", Default: []byte(`"reward"`), OneOf: []string{"reward", "uniform"}, Summary: "what weighs the images; uniform is the control without a reward"},
		{Name: "steps", Type: "integer", Default: []byte(`400`), Minimum: number(1), Maximum: number(1e9), Summary: "optimizer steps"},
		{Name: "batch_size", Type: "integer", Default: []byte(`64`), Minimum: number(1), Maximum: number(1e9), Summary: "images per step and loss, over all devices"},
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

// finetuneForm is what a finetune says: what every one does, and what its
// sampler's component declares. It is open if the component is not known,
// because of a mistake that is reported elsewhere.
func (l *loader) finetuneForm(finetune *Finetune) (f form, own Schema) {
	f = finetuneForm
	sampler := finetune.Model.Sampler
	if sampler == nil {
		f.open = true
		return f, own
	}
	declared, ok := l.lookUp("sampler", sampler.Component)
	if !ok {
		f.open = true
		return f, own
	}
	taken := map[string]bool{"loss": true}
	for _, attribute := range f.schema.Attributes {
		taken[attribute.Name] = true
	}
	for _, attribute := range f.values {
		taken[attribute.Name] = true
	}
	own.Attributes = slices.DeleteFunc(slices.Clone(declared.Tuning.Attributes), func(a Attribute) bool { return taken[a.Name] })
	own.Blocks = slices.DeleteFunc(slices.Clone(declared.Tuning.Blocks), func(b Block) bool { return taken[b.Type] })
	f.schema = Schema{Attributes: slices.Concat(f.schema.Attributes, own.Attributes), Blocks: own.Blocks}
	return f, own
}

// ownOptions are the arguments of a finetune that are its component's own.
func (l *loader) ownOptions(block *hcl.Block, arguments arguments, own Schema) json.RawMessage {
	options := map[string]any{}
	for _, attribute := range own.Attributes {
		options[attribute.Name] = arguments.config[attribute.Name]
	}
	for _, inner := range own.Blocks {
		if value, ok := arguments.config[inner.Type]; ok {
			options[inner.Type] = value
		}
	}
	if len(own.Attributes)+len(own.Blocks) == 0 {
		return nil
	}
	text, err := canonicalJSON(options)
	if err != nil {
		l.error(block.DefRange, "Wrong value", "The settings cannot be written as JSON: %v.", err)
	}
	return text
}

// finetuneBlocks decodes fine-tunings:
//
//	finetune "full" {
//	  sampler = sampler.base
//	  reward  = reward.with_aux
//	  images  = [images.labelled, images.unlabelled]
//	  steps   = 400
//
//	  prompt_dropout = 0.1 # the component's own, by its schema
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
		f, own := l.finetuneForm(finetune)
		arguments := l.decode(block.Body, f)
		finetune.Options = l.ownOptions(block, arguments, own)
		finetune.Paths = arguments.paths
		finetune.FromScratch = arguments.flag("from_scratch")
		finetune.Steps = arguments.integer("steps")
		finetune.BatchSize = arguments.integer("batch_size")
		optimizer := map[string]any{}
		for _, attribute := range optimizerSchema.Attributes {
			optimizer[attribute.Name] = arguments.config[attribute.Name]
		}
		finetune.Optimizer, _ = canonicalJSON(optimizer) // of numbers and strings: it cannot fail
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
		declared, known := l.declaredLosses(finetune, arguments.others["sampler"])
		uniform := arguments.text("weights") == "uniform"
		weighed, borrowed := "", ""
		for _, lossBlock := range arguments.blocks {
			loss, borrows := l.lossBlock(lossBlock, declared, known)
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

// declaredLosses returns the losses that the tuned sampler understands. It
// reports false if that is not known because of an earlier mistake.
func (l *loader) declaredLosses(finetune *Finetune, attribute *hcl.Attribute) ([]schema.Loss, bool) {
	sampler := finetune.Model.Sampler
	if sampler == nil || attribute == nil {
		return nil, false
	}
	component, ok := l.lookUp("sampler", sampler.Component)
	if !ok {
		return nil, false
	}
	if !component.Has(schema.Tune) {
		hint := ""
		var able []string
		for _, name := range l.options.Catalog.Names("sampler") {
			if other, ok := l.lookUp("sampler", name); ok && other.Has(schema.Tune) {
				able = append(able, name)
			}
		}
		if len(able) > 0 {
			hint = fmt.Sprintf(" These can: %s.", or(quoted(able)))
		}
		l.error(attribute.Expr.Range(), "Model cannot be tuned", "sampler.%s is a %q, which cannot be fine-tuned.%s", sampler.Name, sampler.Component, hint)
		return nil, false
	}
	return component.Losses, true
}
