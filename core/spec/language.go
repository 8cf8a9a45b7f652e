package spec

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Construct is a block of the language: what it is, and what may stand in it.
type Construct struct {
	Type    string   `json:"type"`
	Labels  []string `json:"labels,omitempty"` // what each of its labels is, in order, such as "component" and "name"
	Summary string   `json:"summary"`
	// Many says of a block without labels that there may be several. Of one with
	// labels there may be, if they differ.
	Many   bool        `json:"many,omitempty"`
	Values []Value     `json:"values,omitempty"` // references and expressions
	Schema Schema      `json:"schema,omitzero"`  // plain arguments, and blocks of them
	Blocks []Construct `json:"blocks,omitempty"`
	// Own says where further arguments come from; empty if there are none.
	Own     string `json:"own,omitempty"`
	Example string `json:"example,omitempty"` // HCL, of whole blocks
}

// Language returns the blocks of an experiment, in the order in which they build on
// one another. It is what Load decodes by.
func Language() []Construct {
	var all []Construct
	for _, block := range experimentFile {
		all = append(all, block.construct())
	}
	return all
}

func (n nested) construct() Construct {
	c := Construct{
		Type: n.Type, Labels: n.Labels, Summary: n.Summary, Many: n.Many,
		Values: append(append([]Value{}, n.form.values...), n.form.expressions...),
		Schema: n.form.schema, Own: n.own, Example: n.example,
	}
	for _, more := range n.form.apart {
		c.Schema.Attributes = append(c.Schema.Attributes[:len(c.Schema.Attributes):len(c.Schema.Attributes)], more.Attributes...)
		c.Schema.Blocks = append(c.Schema.Blocks[:len(c.Schema.Blocks):len(c.Schema.Blocks)], more.Blocks...)
	}
	for _, inner := range n.form.blocks {
		c.Blocks = append(c.Blocks, inner.construct())
	}
	return c
}

// ofComponent says where the arguments of a component's block come from.
const ofComponent = "the component's own arguments"

// experimentFile is the blocks of an experiment.
var experimentFile = []nested{
	{Type: "experiment", Labels: []string{"name"}, Summary: "names the experiment; there is exactly one", form: form{schema: experimentSchema}, example: `
experiment "first" {
  description = "the full method beside the base model"
  seed        = var.seed
}
`},
	{Type: "variable", Labels: []string{"name"}, Summary: "a value that a command line, a file or an ablation may set, and that is read as var.NAME", form: variableForm, example: `
variable "seed" {
  description = "every random choice is derived from it"
  default     = 1
}

variable "weight" {
  type    = number
  default = 1

  validation {
    condition     = var.weight >= 0
    error_message = "A weight is not negative."
  }
}
`},
	{Type: "locals", Summary: "names for values, each read as local.NAME; there may be several of these blocks, and any names in them", Many: true, example: `
locals {
  colors  = ["red", "green", "blue"]
  objects = ["ring", "moon", "triangle", "heart"]
}
`},
	{Type: "compute", Summary: "what computes; at most one", form: form{schema: computeSchema}, example: `
compute {
  backend = "auto"
}
`},
	{Type: "tracking", Labels: []string{"tracker"}, Summary: "where runs are shown as they go on, beside others: an MLflow server; at most one, in the file of an experiment or of an ablation. It changes no result", form: trackingForm, example: `
tracking "mlflow" {
  uri        = "http://127.0.0.1:5000"
  experiment = "alignment"
}
`},
	{Type: "plugin", Labels: []string{"name"}, Summary: "a third party's plugin, whose components can then be named", form: form{schema: pluginSchema}, example: `
plugin "redness" {
  source      = "redness.py"
  environment = ["HF_TOKEN"]
}
`},
	{Type: "prompts", Labels: []string{"name"}, Summary: "a category of prompts: every combination of a template's words, a list, or the lines of a file", form: promptsForm, example: `
prompts "color" {
  template = "a {color} {object}"
  slots    = { color = local.colors, object = local.objects }
  unseen   = { object = ["heart"] } # only evaluated
}
`},
	{Type: "sampler", Labels: []string{"component", "name"}, Summary: "a model that draws images; some can be tuned", own: ofComponent, example: `
sampler "shapes" "base" {
  guidance_scale = 1.5
}
`},
	{Type: "encoder", Labels: []string{"component", "name"}, Summary: "makes features of images, and some of texts, for rewards and fidelity", own: ofComponent,
		form: form{values: inputsOf("encoder")}, example: `
encoder "shapes_clip" "clip" {}
`},
	{Type: "rater", Labels: []string{"component", "name"}, Summary: "a simulated person, or a crowd of them, who labels or compares images", own: ofComponent,
		form: form{values: inputsOf("rater")}, example: `
rater "shapes_judge" "crowd" {}
`},
	{Type: "reward", Labels: []string{"component", "name"}, Summary: "scores images; some are fitted on labels", own: ofComponent,
		form: form{values: inputsOf("reward")}, example: `
reward "feedback" "with_auxiliary" {
  encoder = encoder.clip
  labels  = labels.human

  auxiliary "prompt_classification" {
    weight = var.weight
  }
}

reward "clip_score" "clip_score" {
  encoder = encoder.clip
}
`},
	{Type: "reward", Labels: []string{schema.WeightedSum, "name"}, Summary: "the weighted sum of other rewards; it is the language's own, and no plugin's", form: weightedSumForm, example: `
reward "weighted_sum" "mix" {
  normalize = "standard"
  over      = images.labelled

  member {
    reward = reward.with_auxiliary
    weight = 0.7
  }

  member {
    reward = reward.clip_score
    weight = 0.3
  }
}
`},
	{Type: "images", Labels: []string{"name"}, Summary: "images that a model draws, or that lie in a folder", form: imagesForm, example: `
images "labelled" {
  sampler    = sampler.base
  prompts    = prompts.all
  split      = "seen"
  per_prompt = 6
}
`},
	{Type: "labels", Labels: []string{"name"}, Summary: "good, bad or skip for each of some images, by raters or from a file of people's", form: labelsForm, example: `
labels "human" {
  images = images.labelled
  rater  = rater.crowd # or: path = "labels.csv"
}
`},
	{Type: "comparisons", Labels: []string{"name"}, Summary: "which of two images of a prompt is better, by raters, from a file, or from labels", form: comparisonsForm, example: `
comparisons "crowd" {
  images     = images.labelled
  rater      = rater.crowd
  per_prompt = 10
}
`},
	{Type: "finetune", Labels: []string{"name"}, Summary: "tunes a model by the sum of its losses", own: "what the sampler's component declares for tuning",
		form: form{schema: finetuneForm.schema, apart: []Schema{optimizerSchema}, values: finetuneForm.values, blocks: finetuneForm.blocks}, example: `
finetune "full" {
  sampler = sampler.base
  reward  = reward.with_auxiliary
  images  = images.labelled
  steps   = 320

  loss "reward_weighted" {}
}
`},
	{Type: "rounds", Labels: []string{"name"}, Summary: "repeats the blocks in it, each round on the last: sample, label, fit, tune. In a round a name such as images.drawn means that round's block, round.number is its number from 1, and round.model, round.labels and round.reward are what there is so far; outside, NAME_1 is the first round's block of a name, and NAME the last's. The blocks in it take what they take outside", form: roundsForm, example: `
rounds "feedback" {
  count = 3
  model = sampler.base

  images "drawn" {
    sampler    = round.model
    prompts    = prompts.all
    split      = "seen"
    per_prompt = 8
  }

  labels "crowd" {
    images = images.drawn
    rater  = rater.crowd
    count  = 40
    select = "uncertain"
  }

  reward "feedback" "learned" {
    encoder = encoder.clip
    labels  = round.labels
  }

  finetune "tuned" {
    sampler = round.model
    reward  = reward.learned
    images  = images.drawn
    steps   = 100

    loss "reward_weighted" {}
  }
}
`},
	{Type: "evaluate", Labels: []string{"name"}, Summary: "measures models and rewards on prompts", form: evaluateForm, example: `
evaluate "main" {
  models     = [sampler.base, finetune.full]
  prompts    = prompts.all
  per_prompt = 4
  rewards    = [reward.clip_score, reward.with_auxiliary, reward.mix]

  alignment {
    rater = rater.crowd
  }

  best_of {
    sampler = sampler.base
    reward  = reward.with_auxiliary
    n       = 16
    keep    = 4
  }
}
`},
}

// fileSchema is the same in HCL's words.
var fileSchema = func() *hcl.BodySchema {
	// An ablation is not part of an experiment; known so that the mistake can be named.
	all := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "ablation", LabelNames: []string{"name"}}}}
	known := map[string]bool{}
	for _, block := range experimentFile {
		if !known[block.Type] {
			all.Blocks = append(all.Blocks, block.header())
		}
		known[block.Type] = true
	}
	return all
}()
