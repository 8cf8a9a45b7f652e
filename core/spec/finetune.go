package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

var finetuneForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "from_scratch", Type: "bool", Default: []byte(`false`), Summary: "start from random weights"},
		{Name: "steps", Type: "integer", Default: []byte(`400`), Minimum: number(1), Maximum: number(1e9), Summary: "optimizer steps"},
		{Name: "batch_size", Type: "integer", Default: []byte(`64`), Minimum: number(1), Maximum: number(1e9), Summary: "images per step and loss, over all devices"},
	}},
	values: []Value{
		{Name: "sampler", Required: true, Takes: "sampler.NAME or finetune.NAME", Summary: "what is tuned"},
		{Name: "reward", Takes: "reward.NAME", Summary: "what scores the images, where a loss needs scores"},
		{Name: "images", Takes: "images.NAME, or a list of them", Summary: "the images that its losses learn from"},
		{Name: "labels", Takes: "labels.NAME, or a list of them", Summary: "labelled images, where a loss learns from single labels"},
		{Name: "comparisons", Takes: "comparisons.NAME, or a list of them", Summary: "pairs of images, where a loss learns from preferences"},
		{Name: "reference", Takes: "sampler.NAME or finetune.NAME", Summary: "the frozen model that a loss compares with; the model as it begins if it is not given"},
	},
	blocks: []nested{
		{Type: "evaluate", Summary: "draws and judges images while it is tuned, keeps the best step, and stops where the trained reward misleads", form: checkpointsForm},
		{Type: "loss", Labels: []string{"loss"}, Summary: "a term of the objective, which is the sum of all; there is at least one", own: "what the sampler's component declares for the loss", form: lossForm},
	},
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

// finetuneForm is what a finetune says: what every one does, its optimizer, and what
// its sampler's component declares. It is open if the component is not known,
// because of a mistake that is reported elsewhere.
func (l *loader) finetuneForm(finetune *Finetune) form {
	f := finetuneForm
	f.apart = []Schema{optimizerSchema, {}}
	sampler := finetune.Model.Sampler
	if sampler == nil {
		f.open = true
		return f
	}
	declared, ok := l.lookUp("sampler", sampler.Provided())
	f.open = !ok
	f.apart[1] = declared.Tuning
	return f
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
		arguments := l.decode(block.Body, l.finetuneForm(finetune))
		optimizer, options := arguments.apart[0], arguments.apart[1]
		finetune.Paths = arguments.paths
		finetune.FromScratch = arguments.flag("from_scratch")
		finetune.Steps = arguments.integer("steps")
		finetune.BatchSize = arguments.integer("batch_size")
		finetune.Optimizer, _ = canonicalJSON(optimizer) // of numbers and strings: it cannot fail
		if len(options) > 0 {
			var err error
			if finetune.Options, err = canonicalJSON(options); err != nil {
				l.error(block.DefRange, "Wrong value", "The settings cannot be written as JSON: %v.", err)
			}
		}
		if warmup := int(float(optimizer["warmup_steps"])); warmup > finetune.Steps {
			report, at := l.warning, arguments.at("steps", block.DefRange) // of a few steps, in a trial perhaps
			if arguments.given("warmup_steps") {
				report, at = l.error, arguments.ranges["warmup_steps"]
			}
			report(at, "Warm-up longer than the training", "warmup_steps is %d, and there are only %d steps: the learning rate would never reach its height. Make warmup_steps smaller.", warmup, finetune.Steps)
		}
		for _, r := range l.listOf(arguments.others["images"], "images") {
			finetune.Images = append(finetune.Images, r.images())
		}
		for _, r := range l.listOf(arguments.others["labels"], "labels") {
			finetune.Labels = append(finetune.Labels, r.labels())
		}
		for _, r := range l.listOf(arguments.others["comparisons"], "comparisons") {
			finetune.Comparisons = append(finetune.Comparisons, r.comparisons())
		}
		finetune.Reward = l.oneOf(arguments.others["reward"], "reward").component()
		l.referenceOfFinetune(finetune, arguments.others["reference"])
		declared, known := l.declaredLosses(finetune, arguments.others["sampler"])
		var losses, evaluations hcl.Blocks
		for _, inner := range arguments.blocks {
			if inner.Type == "evaluate" {
				evaluations = append(evaluations, inner)
			} else {
				losses = append(losses, inner)
			}
		}
		if inner := l.once(evaluations); inner != nil {
			finetune.Checkpoints = l.checkpointsBlock(inner, finetune)
		}
		for _, lossBlock := range losses {
			loss, ok := l.lossBlock(lossBlock, declared, known)
			finetune.Losses = append(finetune.Losses, loss)
			known = known && ok
		}
		if len(losses) == 0 {
			l.error(block.DefRange, "No loss", "A finetune minimises the sum of its losses. Add at least one, such as loss \"reward_weighted\" {}.")
			known = false
		}
		if known {
			l.needsOfLosses(block, finetune, arguments)
		}
	})
}

// referenceOfFinetune decodes what losses compare the model with: another model
// of the same sampler. Without it they compare with the model as it begins.
func (l *loader) referenceOfFinetune(finetune *Finetune, attribute *hcl.Attribute) {
	r := l.oneOf(attribute, "sampler", "finetune")
	if r.reference == nil {
		return
	}
	reference := r.model()
	if own := finetune.Model.Sampler; own != nil && reference.Sampler != nil && reference.Sampler != own {
		l.error(r.at, "Reference of another sampler", "%s draws with sampler.%s, and what is tuned with sampler.%s: their predictions cannot be compared. Name sampler.%s or a finetune of it.",
			r, reference.Sampler.Name, own.Name, own.Name)
		return
	}
	finetune.Reference = &reference
}

// needsOfLosses holds what the losses need against what the finetune gives.
func (l *loader) needsOfLosses(block *hcl.Block, finetune *Finetune, arguments arguments) {
	by := map[schema.Need]string{} // the first loss that needs it
	for _, loss := range finetune.Losses {
		for _, need := range loss.Needs {
			if by[need] == "" {
				by[need] = loss.Name
			}
		}
	}
	used := map[string]bool{}
	for _, source := range sources {
		loss := by[source.need]
		if loss == "" {
			continue
		}
		used[source.argument] = true
		if arguments.others[source.argument] == nil {
			l.error(block.DefRange, "Missing "+source.argument, "Loss %q learns from %s. Name them: %s = %s.%s.", loss, source.given, source.argument, source.argument, l.firstName(source.argument))
		}
	}
	if loss := by[schema.NeedScores]; loss != "" {
		used["reward"] = true
		if arguments.others["reward"] == nil {
			l.error(block.DefRange, "Missing reward", "Loss %q weighs the finetune's images by a reward. Name one (reward = reward.%s), or say loss \"denoising\" {} for a control without.%s", loss, l.firstName("reward"), l.noneYet())
		}
	}
	if loss := by[schema.NeedReference]; loss != "" {
		used["reference"] = true
		if finetune.FromScratch {
			l.error(arguments.at("from_scratch", block.DefRange), "Nothing to refer to", "Loss %q moves a model away from a frozen one, and from_scratch begins with random weights. Remove one of the two.", loss)
		}
	}
	for _, argument := range []string{"images", "labels", "comparisons", "reward", "reference"} {
		if attribute := arguments.others[argument]; attribute != nil && !used[argument] {
			l.error(attribute.NameRange, "Unused "+argument, "No loss of this finetune needs it: %s. Remove it, or add a loss that does.", l.whatLossesNeed(finetune))
		}
	}
	if loss := by[schema.NeedPairs]; loss != "" && finetune.BatchSize%2 != 0 {
		l.error(arguments.at("batch_size", block.DefRange), "Half a pair", "batch_size counts images, and loss %q learns from pairs of them. Make it even.", loss)
	}
}

// whatLossesNeed says what each loss of a finetune learns from.
func (l *loader) whatLossesNeed(finetune *Finetune) string {
	var parts []string
	for _, loss := range finetune.Losses {
		from := givenBy(loss.Needs)
		if slices.Contains(loss.Needs, schema.NeedOwnImages) {
			from = "images of its own"
		}
		if text := fmt.Sprintf("%q learns from %s", loss.Name, from); !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

// declaredLosses returns the losses that the tuned sampler understands. It
// reports false if that is not known because of an earlier mistake.
func (l *loader) declaredLosses(finetune *Finetune, attribute *hcl.Attribute) ([]schema.Loss, bool) {
	sampler := finetune.Model.Sampler
	if sampler == nil || attribute == nil {
		return nil, false
	}
	component, ok := l.lookUp("sampler", sampler.Provided())
	if !ok {
		return nil, false
	}
	if !component.Has(schema.Tune) {
		hint := ""
		if able := l.having("sampler", schema.Tune); len(able) > 0 {
			hint = fmt.Sprintf(" These can: %s.", or(quoted(able)))
		}
		l.error(attribute.Expr.Range(), "Model cannot be tuned", "sampler.%s is a %q, which cannot be fine-tuned.%s", sampler.Name, sampler.Component, hint)
		return nil, false
	}
	return component.Losses, true
}
