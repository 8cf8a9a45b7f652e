package spec

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// lossForm is what every loss takes.
var lossForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "weight", Type: "number", Default: []byte(`1`), Minimum: number(0), Summary: "factor in the sum of losses"},
	}},
	values: []Value{{Name: "images", Takes: "images.NAME, or a list of them", Summary: "images of its own, where the loss learns from such"}},
}

// lossBlock decodes one term of a finetune's objective. Beside its weight it takes
// the options that the sampler's component declares for the loss, and, if it needs
// images of its own, these. known is false after an earlier mistake: then nothing
// is declared, and nothing is checked.
func (l *loader) lossBlock(block *hcl.Block, declared []schema.Loss, known bool) (Loss, bool) {
	loss := Loss{Name: block.Labels[0], Weight: 1, Options: []byte("{}"), Range: FromRange(block.DefRange)}
	at := slices.IndexFunc(declared, func(d schema.Loss) bool { return d.Name == loss.Name })
	if at < 0 {
		if known {
			var names []string
			for _, d := range declared {
				names = append(names, d.Name)
			}
			slices.Sort(names)
			l.error(block.LabelRanges[0], "Unknown loss", "The sampler knows no loss %q.%s It knows %s.", loss.Name, diag.DidYouMean(loss.Name, names), or(quoted(names)))
		}
		return loss, false
	}
	loss.Needs = declared[at].Needs
	f := lossForm
	f.apart = []Schema{declared[at].Schema}
	arguments := l.decode(block.Body, f)
	loss.Weight = arguments.number("weight")
	loss.Paths = arguments.paths
	images := arguments.others["images"]
	for _, r := range l.listOf(images, "images") {
		loss.Images = append(loss.Images, r.images())
	}
	switch ownImages := slices.Contains(loss.Needs, schema.NeedOwnImages); {
	case ownImages && images == nil:
		l.error(block.DefRange, "No images", "Loss %q learns from images of its own, such as real ones, and not from those that the model drew. Name them in its block: images = images.%s.", loss.Name, l.firstName("images"))
	case !ownImages && images != nil:
		l.error(images.NameRange, "Unused images", "Loss %q learns from %s. Remove images here.%s", loss.Name, givenBy(loss.Needs), l.lossOfOwnImages(declared))
	}
	config, err := canonicalJSON(arguments.apart[0])
	if err != nil {
		l.error(block.DefRange, "Wrong value", "The options cannot be written as JSON: %v.", err)
		return loss, true
	}
	loss.Options = config
	return loss, true
}

// lossOfOwnImages says which loss learns from images that a block names.
func (l *loader) lossOfOwnImages(declared []schema.Loss) string {
	for _, d := range declared {
		if d.Has(schema.NeedOwnImages) {
			return " On images of its own learns loss \"" + d.Name + "\"."
		}
	}
	return ""
}

// sources say, of what a loss may need, which argument of the finetune gives it.
var sources = []struct {
	need     schema.Need
	argument string // of the finetune
	given    string // how a sentence calls it
}{
	{schema.NeedImages, "images", "the finetune's images"},
	{schema.NeedScores, "images", "the finetune's images and their scores by its reward"},
	{schema.NeedLabels, "labels", "the images of the finetune's labels"},
	{schema.NeedPairs, "comparisons", "the pairs of the finetune's comparisons"},
}

// givenBy names what a loss without images of its own learns from.
func givenBy(needs []schema.Need) string {
	for _, source := range sources {
		if slices.Contains(needs, source.need) {
			return source.given
		}
	}
	return "nothing that has images"
}
