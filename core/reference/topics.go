package reference

// Topic is what holds for the language as a whole.
type Topic struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Text    []string `json:"text"` // paragraphs
	Example string   `json:"example,omitempty"`

	last bool // behind the blocks, on a page
}

// The topics that lists belong to.
const (
	TopicFunctions = "functions"
	TopicMetrics   = "metrics"
)

var topics = []Topic{
	{
		Name: "syntax", Title: "How a file is written",
		Text: []string{
			"An experiment is one file of blocks, in any order; an ablation is a file of its own, which names the experiment. A block is KIND \"LABEL\" { ... } with arguments NAME = VALUE and other blocks in it, one on a line. Texts stand in double quotes, lists in brackets, objects in braces. # begins a comment.",
			"An argument that is null is as good as absent, so that a condition can leave one out: limit = var.small ? 20 : null.",
			"Paths are relative to the directory of the file. `plumb fmt` formats a file, and `plumb validate` finds its mistakes.",
		},
	},
	{
		Name: "references", Title: "References and expressions",
		Text: []string{
			"A block is referred to by its kind and its name, which is its last label: reward.with_auxiliary, images.labelled, finetune.full. prompts.all is all prompts of the experiment. A reference stands by itself: nothing of a block can be read.",
			"var.NAME is the value of a variable: from the command line (--var NAME=VALUE), else from a file of NAME = VALUE lines (--var-file), else its default. An ablation sets variables. local.NAME is a value of a locals block.",
			"Expressions have arithmetic, comparisons, && || !, conditions a ? b : c, text with values in it \"${var.n} rings\", and [for x in LIST : VALUE if CONDITION]. There are functions, and all of them are pure: the same file and variables are always the same experiment.",
		},
		Example: `
locals {
  counts = var.small ? ["one"] : ["one", "two", "three"]
}

prompts "count" {
  list   = [for n in local.counts : "${n} red ring"]
  unseen = []
}
`,
	},
	{
		Name: "seen", Title: "Seen and unseen prompts",
		Text: []string{
			"Prompts are split by their words: one that holds a word which its block names under unseen is unseen, and every other is seen. Unseen prompts are never labelled and never rewarded; they are only evaluated, and every table reports them apart. So a gain on them is one that tuning carried over to words that it was not told about.",
			"images with split = \"seen\" (or \"unseen\") draws for one of the two; labels and losses over unseen prompts are warned of.",
		},
	},
	{
		Name: "json", last: true, Title: "JSON in place of HCL",
		Text: []string{
			"A file whose name ends in .hcl.json is the same language in JSON: a block is an object under its kind and its labels, several of one kind are several labels, or a list of objects. Expressions are texts with ${...}: \"reward\": \"${reward.with_auxiliary}\".",
			"`plumb reference --json-schema` writes a JSON Schema of it, which editors complete and check by.",
		},
		Example: `
{
  "experiment": { "first": { "seed": 1 } },
  "encoder": { "shapes_clip": { "clip": {} } },
  "reward": {
    "clip_score": { "clip_score": { "encoder": "${encoder.clip}" } }
  }
}
`,
	},
	{Name: TopicFunctions, last: true, Title: "The functions of expressions", Text: []string{"None of them depends on the time, a file or the machine."}},
	{Name: TopicMetrics, last: true, Title: "What an ablation may measure", Text: []string{"What an ablation's measure may name: a whole measure, or one number of it. Each needs something in the experiment's evaluate block."}},
}
