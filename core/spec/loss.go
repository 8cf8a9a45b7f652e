package spec

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// lossWeight is the argument that every loss has.
var lossWeight = Attribute{Name: "weight", Type: "number", Default: []byte(`1`), Minimum: number(0), Summary: "factor in the sum of losses"}

// lossBlock decodes one term of a finetune's objective. Beside weight and
// images it takes the options that the sampler's component declares for the
// loss. A loss without images of its own borrows the finetune's. Without
// declarations (after an earlier mistake) options go unchecked.
func (l *loader) lossBlock(block *hcl.Block, declared []schema.Loss, known bool) (loss Loss, borrows bool) {
	loss = Loss{Name: block.Labels[0], Weight: 1, Options: []byte("{}"), Range: FromRange(block.DefRange)}
	var names []string
	for _, one := range declared {
		names = append(names, one.Name)
	}
	slices.Sort(names)
	position := slices.IndexFunc(declared, func(one schema.Loss) bool { return one.Name == loss.Name })
	if position < 0 {
		if known {
			l.error(block.LabelRanges[0], "Unknown loss", "The sampler knows no loss %q.%s It knows %s.", loss.Name, diag.DidYouMean(loss.Name, names), or(quoted(names)))
		}
		content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "images"}}})
		return loss, content.Attributes["images"] == nil
	}
	options := declared[position].Schema
	own := slices.DeleteFunc(slices.Clone(options.Attributes), func(a Attribute) bool { return a.Name == "weight" || a.Name == "images" })
	arguments := l.decode(block.Body, form{
		schema: Schema{Attributes: append(own, lossWeight), Blocks: options.Blocks},
		values: []hcl.AttributeSchema{{Name: "images"}},
	})
	loss.Weight = arguments.number("weight")
	loss.Paths = arguments.paths
	images := arguments.others["images"]
	for _, r := range l.listOf(images, "images") {
		loss.Images = append(loss.Images, r.images())
	}
	delete(arguments.config, "weight")
	config, err := canonicalJSON(arguments.config)
	if err != nil {
		l.error(block.DefRange, "Wrong value", "The options cannot be written as JSON: %v.", err)
		return loss, images == nil
	}
	loss.Options = config
	return loss, images == nil
}
