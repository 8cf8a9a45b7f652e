package spec

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

var labelsForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "path", Type: "string", Path: true, Summary: "a CSV or Parquet file of labels",
			Obtain: "Once the images are drawn, `plumb export FILE STAGE DIR --label-sheet` writes them with a file to fill in; a run does all that needs no labels before."},
		{Name: "fraction", Type: "number", Default: []byte(`1`), Minimum: number(0), Maximum: number(1), Summary: "share of the images that are labelled"},
		{Name: "count", Type: "integer", Minimum: number(1), Maximum: number(1e9), Summary: "how many of the images are labelled, in place of fraction"},
		{Name: "select", Type: "string", Default: []byte(`"random"`), OneOf: []string{SelectRandom, SelectUncertain}, Summary: "which these are: drawn by the experiment's seed, or those that reward is least sure of, whose scores are nearest to where it calls an image good; 0.5 of scores that look like probabilities, else the median of the scores"},
	}},
	values: []Value{
		{Name: "images", Required: true, Takes: "images.NAME", Summary: "what is labelled"},
		{Name: "rater", Takes: "rater.NAME", Summary: "a simulated rater, in place of path and people"},
		{Name: "reward", Takes: "reward.NAME", Summary: "what is unsure, with select = \"uncertain\"; in rounds round.reward if it is not given, and in the first round, which has none, images are drawn at random"},
	},
	blocks: []nested{askLabels.block("people label the images, in place of path and rater: `plumb label` asks them")},
}

// labelsBlocks decodes the labels of sets of images:
//
//	labels "human" {
//	  images   = images.labelled
//	  rater    = rater.crowd # or: path = "labels.csv", or: people {}
//	  fraction = 0.5
//	}
//
//	labels "doubtful" {
//	  images = images.unlabelled
//	  rater  = rater.crowd
//	  count  = 400
//	  select = "uncertain"
//	  reward = reward.learned # of the labels above, say
//	}
func (l *loader) labelsBlocks() {
	each(l, "labels", func(block *hcl.Block, labels *Labels) {
		arguments := l.decode(block.Body, labelsForm)
		labels.Images = l.oneOf(arguments.others["images"], "images").images()
		labels.Path = arguments.text("path")
		rater := arguments.others["rater"]
		l.oneSource("labels", block.DefRange, "No labels", l.ofRater(rater), ofPath(arguments, "labels.csv"), ofPeople(arguments.blocks))
		labels.People = l.peopleBlock(arguments.blocks, askLabels, "labels/"+labels.Name)
		l.attentive(labels.People, labels.Images)
		labels.Rater = l.oneOf(rater, "rater").component()
		l.share(block, labels, arguments)
		l.selection(block, labels, arguments)
	})
}

// share decodes how many of the images are labelled.
func (l *loader) share(block *hcl.Block, labels *Labels, arguments arguments) {
	labels.Fraction, labels.Count = arguments.number("fraction"), arguments.integer("count")
	switch {
	case labels.Fraction == 0:
		l.error(arguments.at("fraction", block.DefRange), "Wrong value", "fraction must be above 0: without labels nothing can be fitted. Remove the labels from the reward instead.")
	case arguments.given("fraction") && arguments.given("count"):
		l.error(arguments.ranges["count"], "Fraction and count", "Both say how many images are labelled. Remove one of the two.")
	}
	if images := labels.Images; images != nil && l.counted(images) && labels.Count > images.Count() {
		l.error(arguments.ranges["count"], "More labels than images", "images.%s has %d images, and count is %d. Draw more (per_prompt), or label fewer.", images.Name, images.Count(), labels.Count)
	}
}

// counted reports whether it is known how many images there will be: after a mistake,
// or where files are still to come, it is not.
func (l *loader) counted(images *Images) bool {
	if images.Folder != nil {
		_, missing := l.spec.Missing[images.Folder.Path]
		return images.Inventory.Images > 0 && !missing
	}
	return len(images.Prompts) > 0 && !slices.ContainsFunc(images.Prompts, func(p Prompt) bool { return p.Missing != "" })
}

// selection decodes which of the images are labelled.
func (l *loader) selection(block *hcl.Block, labels *Labels, arguments arguments) {
	labels.Select = arguments.text("select")
	reward := arguments.others["reward"]
	if labels.Select != SelectUncertain {
		if reward != nil && !arguments.bad["select"] {
			l.error(reward.NameRange, "Unused reward", "The images are drawn at random. Remove reward, or label those that it is least sure of: select = \"uncertain\".")
		}
		return
	}
	labels.Reward = l.oneOf(reward, "reward").component()
	at := arguments.at("select", block.DefRange)
	switch {
	case arguments.given("path"):
		l.error(at, "Path and select", "Which images have labels is as it stands in the file. Remove select, or have somebody asked: rater = rater.%s.", l.firstName("rater"))
	case !arguments.given("count") && !arguments.given("fraction"):
		l.error(at, "Nothing to select", "All images are labelled. Say how many: count = 400, or fraction = 0.5.")
	case reward != nil:
		return
	case l.round == nil:
		l.error(at, "Select without a reward", "Say which reward is unsure: reward = reward.%s.", l.firstName("reward"))
	default:
		labels.Reward = l.lastReward(at)
	}
	if labels.Reward == nil {
		labels.Select = SelectRandom // in the first round, or after a mistake
	}
}
