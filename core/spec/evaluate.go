package spec

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

var evaluateForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "per_prompt", Type: "integer", Default: []byte(`1`), Minimum: number(1), Maximum: number(1e6), Summary: "images per model and prompt"},
		{Name: "limit", Type: "integer", Minimum: number(1), Maximum: number(1e9), Summary: "how many of the prompts are taken, drawn by the experiment's seed"},
	}},
	values: []hcl.AttributeSchema{{Name: "models", Required: true}, {Name: "baseline"}, {Name: "prompts", Required: true}, {Name: "rewards"}},
	blocks: []hcl.BlockHeaderSchema{{Type: "alignment"}, {Type: "fidelity"}, {Type: "best_of"}},
}

// evaluateBlocks decodes how models and rewards are measured:
//
//	evaluate "main" {
//	  models     = [sampler.base, finetune.full]
//	  baseline   = sampler.base # the first model, if not given
//	  prompts    = prompts.all  # seen and unseen, reported apart
//	  per_prompt = 4
//	  rewards    = [reward.clip, reward.with_aux]
//
//	  alignment { # by people
//	    rater = rater.crowd # or: path = "labels.csv"
//	  }
//
//	  fidelity { # FID and KID
//	    reference = images.real
//	    encoder   = encoder.clip
//	  }
//
//	  best_of { # rejection sampling; there may be several
//	    sampler = sampler.base
//	    reward  = reward.with_aux
//	    n       = 16
//	    keep    = 4
//	    against = [finetune.full] # beside keep random images of the sampler
//	  }
//
//	  best_of { # the control: the same images, chosen by another reward
//	    sampler = sampler.base
//	    reward  = reward.clip
//	    n       = 16
//	    keep    = 4
//	  }
//	}
func (l *loader) evaluateBlocks() {
	first := map[string]hcl.Range{}
	for _, block := range l.blocks["evaluate"] {
		evaluate := &Evaluate{Name: block.Labels[0], Range: FromRange(block.DefRange)}
		l.identifier(evaluate.Name, block.LabelRanges[0])
		if other, ok := first[evaluate.Name]; ok {
			l.error(block.LabelRanges[0], "Duplicate name", "Another evaluate block is called %q, on line %d. Choose another name.", evaluate.Name, other.Start.Line)
		}
		first[evaluate.Name] = block.DefRange
		l.evaluateBlock(block, evaluate)
		l.spec.Evaluate = append(l.spec.Evaluate, evaluate)
	}
}

func (l *loader) evaluateBlock(block *hcl.Block, evaluate *Evaluate) {
	arguments := l.decode(block.Body, evaluateForm)
	models := l.listOf(arguments.others["models"], "sampler", "finetune")
	for _, r := range models {
		evaluate.Models = append(evaluate.Models, r.model())
	}
	baseline := l.oneOf(arguments.others["baseline"], "sampler", "finetune")
	switch {
	case baseline.reference == nil && len(evaluate.Models) > 0:
		evaluate.Baseline = evaluate.Models[0]
	case baseline.reference != nil:
		evaluate.Baseline = baseline.model()
		if len(models) > 0 && !slices.ContainsFunc(models, func(r located) bool { return r.reference == baseline.reference }) {
			l.error(baseline.at, "Baseline is not measured", "The baseline is one of the models: add %s to models.", baseline)
		}
	}
	evaluate.PerPrompt = arguments.integer("per_prompt")
	if prompts, ok := arguments.others["prompts"]; ok {
		evaluate.Prompts = l.promptsOf(prompts, "all", arguments.integer("limit"), "evaluate "+evaluate.Name)
	}
	for _, r := range l.listOf(arguments.others["rewards"], "reward") {
		evaluate.Rewards = append(evaluate.Rewards, r.component())
	}
	byType := map[string]hcl.Blocks{}
	for _, inner := range arguments.blocks {
		byType[inner.Type] = append(byType[inner.Type], inner)
	}
	if inner := l.once(byType["alignment"]); inner != nil {
		evaluate.Alignment = l.alignmentBlock(inner)
	}
	if inner := l.once(byType["fidelity"]); inner != nil {
		evaluate.Fidelity = l.fidelityBlock(inner)
	}
	for _, inner := range byType["best_of"] {
		if len(byType["alignment"]) == 0 {
			l.error(inner.DefRange, "Nobody judges the best", "The best images are compared with others by raters. Add an alignment block to this evaluate block.")
		}
		best := l.bestOfBlock(inner)
		if slices.ContainsFunc(evaluate.BestOf, best.same) {
			l.error(inner.DefRange, "Chosen twice", "Another best_of block chooses as many of the same images by the same reward. Remove one of them; a second reward beside the first is a control.")
		}
		evaluate.BestOf = append(evaluate.BestOf, best)
	}
}

var alignmentForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "path", Type: "string", Path: true, Summary: "a CSV or Parquet file of people's labels of the models' images",
			Obtain: "Once the images are drawn, `plumb export FILE evaluate/NAME DIR --label-sheet` writes them, mixed and without a word of which model drew which, with a file to fill in; a run does all that needs no labels before."},
	}},
	values: []hcl.AttributeSchema{{Name: "rater"}},
}

// alignmentBlock decodes who judges the images.
func (l *loader) alignmentBlock(block *hcl.Block) *Alignment {
	arguments := l.decode(block.Body, alignmentForm)
	rater := arguments.others["rater"]
	switch {
	case rater == nil && !arguments.given("path"):
		l.error(block.DefRange, "Nobody judges", "Say who judges the images (rater = rater.%s), or where people's labels are (path = \"labels.csv\").", l.firstName("rater"))
	case rater != nil && arguments.given("path"):
		l.error(rater.NameRange, "Path and rater", "Labels come from a rater or from a file. Remove one of the two.")
	}
	return &Alignment{
		Rater: l.oneOf(rater, "rater").component(),
		Path:  arguments.text("path"),
		Range: FromRange(block.DefRange),
	}
}

// fidelityBlock decodes what the images' features are compared with.
func (l *loader) fidelityBlock(block *hcl.Block) *Fidelity {
	arguments := l.decode(block.Body, form{values: []hcl.AttributeSchema{{Name: "reference", Required: true}, {Name: "encoder", Required: true}}})
	return &Fidelity{
		Reference: l.oneOf(arguments.others["reference"], "images").images(),
		Encoder:   l.oneOf(arguments.others["encoder"], "encoder").component(),
		Range:     FromRange(block.DefRange),
	}
}

var bestOfForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "n", Type: "integer", Required: true, Minimum: number(1), Maximum: number(1e6), Summary: "images drawn per prompt; as many as are kept is a control that chooses nothing"},
		{Name: "keep", Type: "integer", Required: true, Minimum: number(1), Maximum: number(1e6), Summary: "images kept per prompt, the best by the reward"},
	}},
	values: []hcl.AttributeSchema{{Name: "sampler", Required: true}, {Name: "reward", Required: true}, {Name: "against"}},
}

// bestOfBlock decodes a rejection sampling.
func (l *loader) bestOfBlock(block *hcl.Block) *BestOf {
	arguments := l.decode(block.Body, bestOfForm)
	best := &BestOf{
		Model:  l.oneOf(arguments.others["sampler"], "sampler", "finetune").model(),
		Reward: l.oneOf(arguments.others["reward"], "reward").component(),
		N:      arguments.integer("n"),
		Keep:   arguments.integer("keep"),
		Range:  FromRange(block.DefRange),
	}
	for _, r := range l.listOf(arguments.others["against"], "sampler", "finetune") {
		best.Against = append(best.Against, r.model())
	}
	if !arguments.bad["n"] && !arguments.bad["keep"] && best.Keep > best.N {
		l.error(arguments.ranges["keep"], "More kept than drawn", "%d of %d images are kept. Keep at most as many as are drawn.", best.Keep, best.N)
	}
	return best
}
