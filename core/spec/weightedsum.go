package spec

import (
	"github.com/hashicorp/hcl/v2"
)

var weightedSumForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "normalize", Type: "string", Default: []byte(`"standard"`), OneOf: []string{NormalizeStandard, NormalizeRange, NormalizeNone},
			Summary: "how scores of different size are made alike: standard shifts and scales each member's to mean 0 and deviation 1 over the images in over, range to 0 and 1, none leaves them"},
	}},
	values: []Value{{Name: "over", Takes: "images.NAME", Summary: "the images by whose scores the members are made alike, the same for every model"}},
	blocks: []nested{{Type: "member", Summary: "a reward that is added", Many: true, form: memberForm}},
}

var memberForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "weight", Type: "number", Required: true, Summary: "factor of the member's normalised score; below 0 it counts against an image"},
	}},
	values: []Value{{Name: "reward", Required: true, Takes: "reward.NAME", Summary: "what scores"}},
}

// weightedSumBlock decodes a reward that adds up the scores of others. It is the
// language's own, and no plugin's:
//
//	reward "weighted_sum" "mix" {
//	  normalize = "standard"
//	  over      = images.labelled # the same for every model that is scored
//
//	  member {
//	    reward = reward.with_auxiliary
//	    weight = 0.7
//	  }
//
//	  member {
//	    reward = reward.clip_score
//	    weight = 0.3
//	  }
//	}
func (l *loader) weightedSumBlock(block *hcl.Block, c *Component) {
	arguments := l.decode(block.Body, weightedSumForm)
	over := arguments.others["over"]
	c.Sum = &WeightedSum{Normalize: arguments.text("normalize"), Over: l.oneOf(over, "images").images()}
	switch normalised := c.Sum.Normalize != NormalizeNone; {
	case arguments.bad["normalize"] && arguments.given("normalize"): // it is reported
	case normalised && over == nil:
		l.error(block.DefRange, "Missing images", "Scores are normalised by those of one set of images, the same for every model. Name it (over = images.%s), or say normalize = \"none\".", l.firstName("images"))
	case !normalised && over != nil:
		l.error(over.NameRange, "Unused images", "Nothing is normalised. Remove over, or choose another way to normalize.")
	}
	written, weighs, whole := map[*Component]hcl.Range{}, false, true
	for _, inner := range arguments.blocks {
		a := l.decode(inner.Body, memberForm)
		reward := l.oneOf(a.others["reward"], "reward")
		member := Member{Reward: reward.component(), Weight: a.number("weight")}
		weighs = weighs || member.Weight != 0
		if member.Reward == nil || a.bad["weight"] {
			whole = false
			continue
		}
		if first, ok := written[member.Reward]; ok {
			l.error(reward.at, "Named twice", "%s is a member already, on line %d. Add the weights up, or remove one of the two.", reward, first.Start.Line)
			continue
		}
		written[member.Reward] = reward.at
		c.Sum.Members = append(c.Sum.Members, member)
	}
	switch {
	case len(arguments.blocks) == 0:
		l.error(block.DefRange, "No members", "A weighted sum adds up the scores of other rewards. Add a block for each: member { ... } with reward = reward.NAME and weight = 1.")
	case whole && !weighs:
		l.error(block.DefRange, "Nothing has a weight", "All weights are 0, so that all images would score alike. Give a member another weight.")
	}
}
