package spec

import (
	"github.com/hashicorp/hcl/v2"
)

var labelsForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "path", Type: "string", Path: true, Summary: "a CSV or Parquet file of labels",
			Obtain: "Once the images are drawn, `plumb export FILE STAGE DIR --label-sheet` writes them with a file to fill in; a run does all that needs no labels before."},
		{Name: "fraction", Type: "number", Default: []byte(`1`), Minimum: number(0), Maximum: number(1), Summary: "share of the images that are labelled, drawn by the experiment's seed"},
	}},
	values: []Value{
		{Name: "images", Required: true, Takes: "images.NAME", Summary: "what is labelled"},
		{Name: "rater", Takes: "rater.NAME", Summary: "a simulated rater, in place of path and people"},
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
func (l *loader) labelsBlocks() {
	each(l, "labels", func(block *hcl.Block, labels *Labels) {
		arguments := l.decode(block.Body, labelsForm)
		labels.Images = l.oneOf(arguments.others["images"], "images").images()
		labels.Path = arguments.text("path")
		labels.Fraction = arguments.number("fraction")
		if labels.Fraction == 0 {
			l.error(arguments.at("fraction", block.DefRange), "Wrong value", "fraction must be above 0: without labels nothing can be fitted. Remove the labels from the reward instead.")
		}
		rater := arguments.others["rater"]
		l.oneSource("labels", block.DefRange, "No labels", l.ofRater(rater), ofPath(arguments, "labels.csv"), ofPeople(arguments.blocks))
		labels.People = l.peopleBlock(arguments.blocks, askLabels, "labels/"+labels.Name)
		l.attentive(labels.People, labels.Images)
		labels.Rater = l.oneOf(rater, "rater").component()
	})
}
