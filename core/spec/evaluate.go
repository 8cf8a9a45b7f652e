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
	values: []Value{
		{Name: "models", Required: true, Takes: "a list of sampler.NAME, finetune.NAME and images.NAME", Summary: "what is measured; images are those of a folder, of the same prompts, that another program has drawn"},
		{Name: "baseline", Takes: "one of the models", Summary: "what the others are compared with; the first model if it is not given"},
		{Name: "prompts", Required: true, Takes: "prompts.all, prompts.NAME or a list of them", Summary: "what the models draw; seen and unseen prompts are reported apart"},
		{Name: "rewards", Takes: "a list of reward.NAME", Summary: "what else scores the images; how well each agrees with the raters is a table of its own"},
	},
	blocks: []nested{
		{Type: "alignment", Summary: "people or raters judge the images", form: alignmentForm},
		{Type: "preference", Summary: "people or raters choose between two models' images of one prompt and seed", form: preferenceForm},
		{Type: "fidelity", Summary: "FID, KID and CMMD to real images, and the diversity between images of one prompt", form: fidelityForm},
		{Type: "reward_card", Summary: "examines the rewards: calibration, other prompts, blank, noisy, compressed, shrunk and mirrored images", form: rewardCardForm},
		{Type: "best_of", Summary: "rejection sampling: the best of n images by a reward, beside as many at random", Many: true, form: bestOfForm},
	},
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
//	    rater = rater.crowd # or: path = "labels.csv", or: people {}
//	  }
//
//	  preference { # two models' images side by side
//	    rater = rater.crowd # one that can compare; or: path = "pairs.csv"; or: people {}
//	    pairs = "baseline"  # each model with the baseline; "all": every two models
//	  }
//
//	  fidelity { # FID, KID and CMMD, and diversity
//	    reference  = sampler.world # draws real images of the same prompts; or: images.real
//	    encoder    = encoder.clip
//	    per_prompt = 8 # of the reference; twice the models', if not given
//	  }
//
//	  reward_card { # whether the rewards read the prompt and look at the image
//	    images = 100
//	    jpeg   = [90, 50, 20]
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
	models := l.listOf(arguments.others["models"], "sampler", "finetune", "images")
	for _, r := range models {
		if images := r.images(); images != nil && images.Folder == nil {
			l.error(r.at, "Images of a sampler", "%s are drawn by a sampler or finetune: name that, and it draws for the evaluation's prompts. Images that stand for a model are those of a folder.", r)
			continue
		}
		evaluate.Models = append(evaluate.Models, r.model())
	}
	baseline := l.oneOf(arguments.others["baseline"], "sampler", "finetune", "images")
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
		evaluate.Alignment = l.alignmentBlock(inner, evaluate)
		l.attentive(evaluate.Alignment.People, &Images{Prompts: evaluate.Prompts})
	}
	if inner := l.once(byType["preference"]); inner != nil {
		evaluate.Preference = l.preferenceBlock(inner, evaluate)
	}
	if inner := l.once(byType["fidelity"]); inner != nil {
		evaluate.Fidelity = l.fidelityBlock(inner, evaluate)
	}
	if inner := l.once(byType["reward_card"]); inner != nil {
		evaluate.Card = l.rewardCardBlock(inner, evaluate)
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
	values: []Value{{Name: "rater", Takes: "rater.NAME", Summary: "a simulated rater, in place of path and people"}},
	blocks: []nested{askAlignment.block("people judge the images, in place of path and rater: `plumb label` shows them mixed, without a word of which model drew which")},
}

// alignmentBlock decodes who judges the images.
func (l *loader) alignmentBlock(block *hcl.Block, evaluate *Evaluate) *Alignment {
	arguments := l.decode(block.Body, alignmentForm)
	rater := arguments.others["rater"]
	l.oneSource("labels", block.DefRange, "Nobody judges", l.ofRater(rater), ofPath(arguments, "labels.csv"), ofPeople(arguments.blocks))
	return &Alignment{
		Rater:  l.oneOf(rater, "rater").component(),
		Path:   arguments.text("path"),
		People: l.peopleBlock(arguments.blocks, askAlignment, "evaluate/"+evaluate.Name+"/alignment"),
		Range:  FromRange(block.DefRange),
	}
}

var fidelityForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "per_prompt", Type: "integer", Minimum: number(1), Maximum: number(1e6), Summary: "images per prompt that a reference sampler draws; twice the models' if it is not given"},
	}},
	values: []Value{
		{Name: "reference", Required: true, Takes: "images.NAME or sampler.NAME", Summary: "real images of a folder, or a sampler that draws them of the same prompts"},
		{Name: "encoder", Required: true, Takes: "encoder.NAME", Summary: "makes the features that the distances are between"},
	},
}

// fidelityBlock decodes what the images' features are compared with: images that
// are there, all of them as they are, or what a sampler draws for the
// evaluation's own prompts.
func (l *loader) fidelityBlock(block *hcl.Block, evaluate *Evaluate) *Fidelity {
	arguments := l.decode(block.Body, fidelityForm)
	reference := l.oneOf(arguments.others["reference"], "images", "sampler")
	fidelity := &Fidelity{
		Images:  reference.images(),
		Sampler: reference.component(),
		Encoder: l.oneOf(arguments.others["encoder"], "encoder").component(),
		Range:   FromRange(block.DefRange),
	}
	switch {
	case fidelity.Images != nil && arguments.given("per_prompt"):
		l.error(arguments.ranges["per_prompt"], "Images and per_prompt", "%s are compared with as they are, all of them. Remove per_prompt, or have a sampler draw the reference for the evaluation's prompts: reference = sampler.%s.",
			reference, l.firstName("sampler"))
	case fidelity.Images != nil:
		l.otherPrompts(reference, evaluate)
	case arguments.given("per_prompt"):
		fidelity.PerPrompt = arguments.integer("per_prompt")
	default:
		fidelity.PerPrompt = 2 * evaluate.PerPrompt
	}
	return fidelity
}

// otherPrompts warns of a reference that was drawn for other prompts than the
// models' images: part of the distance between the two is between the prompts.
// What captions a folder has is known when it is read; there the metrics say it.
func (l *loader) otherPrompts(reference located, evaluate *Evaluate) {
	images := reference.images()
	if images.Folder != nil || len(images.Prompts) == 0 || len(evaluate.Prompts) == 0 {
		return
	}
	type key struct{ category, text string }
	shared := map[key]bool{}
	for _, prompt := range evaluate.Prompts {
		shared[key{prompt.Category, prompt.Text}] = true
	}
	others := 0
	for _, prompt := range images.Prompts {
		if !shared[key{prompt.Category, prompt.Text}] {
			others++
		}
	}
	absent := len(evaluate.Prompts) - (len(images.Prompts) - others)
	if others == 0 && absent == 0 {
		return
	}
	hint := "Give both the same prompts."
	if images.Sampler.Finetune == nil && images.Sampler.Sampler != nil {
		hint = "Have the sampler draw it for the evaluation's own prompts: reference = sampler." + images.Sampler.Sampler.Name + "."
	}
	l.warning(reference.at, "Reference of other prompts",
		"%s shows %d prompts that the evaluation does not have, and lacks %d of the evaluation's %d. Part of the distance is then between the prompts, for every model. %s",
		reference, others, absent, len(evaluate.Prompts), hint)
}

var bestOfForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "n", Type: "integer", Required: true, Minimum: number(1), Maximum: number(1e6), Summary: "images drawn per prompt; as many as are kept is a control that chooses nothing"},
		{Name: "keep", Type: "integer", Required: true, Minimum: number(1), Maximum: number(1e6), Summary: "images kept per prompt, the best by the reward"},
	}},
	values: []Value{
		{Name: "sampler", Required: true, Takes: "sampler.NAME or finetune.NAME", Summary: "what draws the n images of each prompt"},
		{Name: "reward", Required: true, Takes: "reward.NAME", Summary: "what chooses"},
		{Name: "against", Takes: "a list of models of this evaluation", Summary: "what the best are compared with, beside random images of the same sampler"},
	},
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
