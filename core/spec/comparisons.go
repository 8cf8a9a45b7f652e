package spec

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// maxPairs bounds per_prompt of comparisons.
const maxPairs = 100_000

var comparisonsForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "path", Type: "string", Path: true, Summary: "a CSV or Parquet file of pairs of images and which of the two is better",
			Obtain: "Once the images are drawn, `plumb export FILE STAGE DIR` writes their table with their IDs, and --label-sheet their pictures; a run does all that needs no comparisons before."},
		{Name: "per_prompt", Type: "integer", Default: []byte(`10`), Minimum: number(1), Maximum: number(maxPairs), Summary: "pairs of images per prompt, drawn by the experiment's seed; fewer where there are fewer"},
	}},
	values: []Value{
		{Name: "images", Takes: "images.NAME", Summary: "the images that are compared"},
		{Name: "rater", Takes: "rater.NAME", Summary: "a simulated rater who compares; one that can"},
		{Name: "labels", Takes: "labels.NAME", Summary: "in place of images: an image that most find good is better than one that most find bad"},
	},
	blocks: []nested{askComparisons.block("people compare the images: `plumb label` asks them")},
}

// comparisonsBlocks decodes choices between two images of a prompt: by a rater, by
// people, from a file, or from labels, where a good image is better than a bad one.
//
//	comparisons "human" {
//	  images     = images.labelled
//	  rater      = rater.crowd
//	  per_prompt = 10
//	}
//
//	comparisons "people" {
//	  images = images.labelled
//	  path   = "pairs.csv" # first, second, choice and, if there are several people, rater
//	}
//
//	comparisons "from_labels" {
//	  labels     = labels.human
//	  per_prompt = 10
//	}
func (l *loader) comparisonsBlocks() {
	each(l, "comparisons", func(block *hcl.Block, c *Comparisons) {
		arguments := l.decode(block.Body, comparisonsForm)
		c.Images = l.oneOf(arguments.others["images"], "images").images()
		c.Labels = l.oneOf(arguments.others["labels"], "labels").labels()
		c.Path = arguments.text("path")
		c.PerPrompt = arguments.integer("per_prompt")
		rater := l.oneOf(arguments.others["rater"], "rater")
		c.Rater = rater.component()
		l.comparisonsSource(block, arguments)
		c.People = l.peopleBlock(arguments.blocks, askComparisons, "comparisons/"+c.Name)
		if c.Labels != nil {
			c.Images = c.Labels.Images
		}
		l.attentive(c.People, c.Images)
		l.canCompare(rater)
		l.havePairs(block, c)
	})
}

// comparisonsSource checks that the choices come from one place, and that what
// else is given goes with it.
func (l *loader) comparisonsSource(block *hcl.Block, arguments arguments) {
	images, labels := arguments.others["images"], arguments.others["labels"]
	ofLabels := source{name: "labels", given: labels != nil, say: "labels (labels = labels." + l.firstName("labels") + ")"}
	if ofLabels.given {
		ofLabels.at = labels.NameRange
	}
	sources := []source{l.ofRater(arguments.others["rater"]), ofPath(arguments, "pairs.csv"), ofPeople(arguments.blocks), ofLabels}
	l.oneSource("comparisons", block.DefRange, "No comparisons", sources...)
	given := slices.DeleteFunc(sources, func(one source) bool { return !one.given })
	switch {
	case len(given) != 1:
	case given[0].name == "labels" && images != nil:
		l.error(images.NameRange, "Labels and images", "The images are those that the labels are of. Remove images.")
	case given[0].name != "labels" && images == nil:
		l.missing(block.Body, "images", " It names the images that are compared: images = images."+l.firstName("images")+".")
	case given[0].name == "path" && arguments.given("per_prompt"):
		l.error(arguments.ranges["per_prompt"], "Path and per_prompt", "A file has its pairs, and none are drawn. Remove per_prompt, or the path.")
	}
}

// canCompare checks that a rater can compare two images.
func (l *loader) canCompare(rater located) {
	c := rater.component()
	if c == nil {
		return
	}
	declared, known := l.lookUp(c.Kind, c.Provided())
	if !known || declared.Has(schema.Compare) {
		return // of an unknown component its own block tells
	}
	able := l.having("rater", schema.Compare)
	hint := "No rater that is installed can; labels are another source of comparisons: labels = labels." + l.firstName("labels") + "."
	if len(able) > 0 {
		hint = "These can: " + strings.Join(quoted(able), ", ") + "."
	}
	l.error(rater.at, "Rater cannot compare", "The rater %q judges images one by one. %s", c.Component, hint)
}

// havePairs checks that some prompt has two images, where that is known before
// anything is drawn or read.
func (l *loader) havePairs(block *hcl.Block, c *Comparisons) {
	if c.Images == nil || c.Images.Folder != nil || len(c.Images.Prompts) == 0 || c.Images.PerPrompt > 1 {
		return
	}
	if slices.ContainsFunc(c.Images.Prompts, func(p Prompt) bool { return p.Missing != "" }) {
		return
	}
	for _, images := range c.imagesOfPrompts() {
		if images > 1 {
			return
		}
	}
	l.error(block.DefRange, "One image a prompt", "Two images of one prompt are compared, and images.%s has one of each. Give it per_prompt = 2 or more.", c.Images.Name)
}

// Pairs is how many pairs of images the block has; 0 if that is not known before
// a stage has run.
func (c *Comparisons) Pairs() int {
	if c.Rater == nil && c.People == nil || c.Images.Folder != nil {
		return 0
	}
	pairs := 0
	for _, n := range c.imagesOfPrompts() {
		pairs += min(c.PerPrompt, n*(n-1)/2)
	}
	return pairs
}

// imagesOfPrompts counts the images of each prompt, by category and text, where a
// sampler makes them.
func (c *Comparisons) imagesOfPrompts() map[[2]string]int {
	images := map[[2]string]int{}
	for _, prompt := range c.Images.Prompts {
		images[[2]string{prompt.Category, prompt.Text}] += c.Images.PerPrompt
	}
	return images
}

// comparisons returns what the reference points to, or nil.
func (r located) comparisons() *Comparisons { return target[*Comparisons](r) }
