package spec

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// What a finetune keeps of its checkpoints.
const (
	KeepBest = "best"
	KeepLast = "last"
)

// mostCheckpoints is how many steps of a finetune are evaluated at most. Each is some
// stages, and all are compared with each other.
const mostCheckpoints = 100

// fewestJudged is how many prompts an interval takes (stats.FewestClusters).
const fewestJudged = 6

var checkpointsForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "every", Type: "integer", Minimum: number(1), Maximum: number(1e9), Summary: "steps between two looks; the last step is always looked at"},
		{Name: "at", Type: "list(integer)", Minimum: number(1), Maximum: number(1e9), Summary: "the steps to look at, in place of every"},
		{Name: "per_prompt", Type: "integer", Default: []byte(`1`), Minimum: number(1), Maximum: number(1e6), Summary: "images per step and prompt, of the same seeds at every step"},
		{Name: "split", Type: "string", Default: []byte(`"all"`), OneOf: []string{seen, unseen, "all"}, Summary: "which of the prompts are drawn for"},
		{Name: "limit", Type: "integer", Minimum: number(1), Maximum: number(1e9), Summary: "how many of the prompts are taken, drawn by the experiment's seed"},
		{Name: "keep", Type: "string", Default: []byte(`"best"`), OneOf: []string{KeepBest, KeepLast}, Summary: "the model that comes of it: of the step that the judge likes best, or of the last"},
		{Name: "stop", Type: "bool", Default: []byte(`false`), Summary: "whether the tuning ends where the trained reward rises and the judge falls"},
		{Name: "patience", Type: "integer", Default: []byte(`1`), Minimum: number(1), Maximum: number(1000), Summary: "at how many looks in a row that shows before it ends"},
	}},
	values: []Value{
		{Name: "prompts", Required: true, Takes: "prompts.all, prompts.NAME or a list of them", Summary: "what is drawn at every look"},
		{Name: "judge", Required: true, Takes: "reward.NAME or rater.NAME", Summary: "who judges the images and takes no part in the tuning"},
	},
	blocks: []nested{{Type: "fidelity", Summary: "FID, KID and CMMD to real images at every look", form: fidelityForm}},
}

// checkpointsBlock decodes how a finetune is watched while it is tuned:
//
//	finetune "full" {
//	  # ...
//	  evaluate {
//	    every   = 100
//	    prompts = prompts.all
//	    split   = "unseen"
//	    judge   = reward.clip_score
//	    keep    = "best"
//	    stop    = true
//
//	    fidelity {
//	      reference = sampler.world
//	      encoder   = encoder.clip
//	    }
//	  }
//	}
func (l *loader) checkpointsBlock(block *hcl.Block, finetune *Finetune) *Checkpoints {
	arguments := l.decode(block.Body, checkpointsForm)
	c := &Checkpoints{
		At:        l.checkpointSteps(block, arguments, finetune),
		PerPrompt: arguments.integer("per_prompt"),
		Keep:      arguments.text("keep"),
		Stop:      arguments.flag("stop"),
		Patience:  arguments.integer("patience"),
		Range:     FromRange(block.DefRange),
	}
	if prompts := arguments.others["prompts"]; prompts != nil {
		c.Prompts = l.promptsOf(prompts, arguments.text("split"), arguments.integer("limit"), "finetune "+finetune.Name)
		if n := len(c.Prompts); n > 0 && n < fewestJudged {
			l.warning(prompts.Expr.Range(), "Too few prompts", "The judge and the reward are never seen to part on fewer than %d prompts, and this is %d. Take some dozens if you can.", fewestJudged, n)
		}
	}
	if judge := l.oneOf(arguments.others["judge"], "reward", "rater"); judge.reference != nil {
		c.Judge = judge.component()
		if finetune.Reward != nil && c.Judge != nil && (finetune.Reward.contains(c.Judge) || c.Judge.contains(finetune.Reward)) {
			l.error(judge.at, "Judge is the trained reward", "%s is what finetune.%s is tuned by, so that it says nothing about whether that reward is followed too far. Name another reward or a rater.", judge, finetune.Name)
		}
	}
	if arguments.given("patience") && !c.Stop {
		l.error(arguments.ranges["patience"], "Patience without stop", "Nothing ends the tuning. Say stop = true, or remove patience.")
	}
	if inner := l.once(arguments.blocks); inner != nil { // fidelity is the only one
		c.Fidelity = l.fidelityBlock(inner, &Evaluate{Prompts: c.Prompts, PerPrompt: c.PerPrompt})
	}
	if sampler := finetune.Model.Sampler; sampler != nil {
		if component, ok := l.lookUp("sampler", sampler.Provided()); ok && component.Has(schema.Tune) && !component.Has(schema.TuneInParts) {
			hint := ""
			if able := l.having("sampler", schema.TuneInParts); len(able) > 0 {
				hint = fmt.Sprintf(" These can: %s.", or(quoted(able)))
			}
			l.error(block.DefRange, "Model cannot be watched", "sampler.%s is a %q, whose tuning cannot stop at a step and go on. Remove the block, and evaluate the finetune at its end.%s", sampler.Name, sampler.Component, hint)
		}
	}
	return c
}

// checkpointSteps are the steps at which a finetune is looked at, ascending, the last of
// all among them.
func (l *loader) checkpointSteps(block *hcl.Block, arguments arguments, finetune *Finetune) []int {
	every, at := arguments.given("every"), arguments.given("at")
	switch {
	case every && at:
		l.error(arguments.ranges["at"], "Every and at", "Both say at which steps to look. Remove one of the two.")
		return nil
	case !every && !at:
		l.error(block.DefRange, "No steps", "Say how often to look (every = %d), or at which steps (at = [%d]).", max(1, finetune.Steps/10), max(1, finetune.Steps/2))
		return nil
	case arguments.bad["every"] || arguments.bad["at"]:
		return nil
	}
	var steps []int
	if at {
		for _, step := range arguments.integers("at") {
			switch {
			case step > finetune.Steps:
				l.error(arguments.ranges["at"], "Step behind the last", "The finetune has %d steps, and at lists %d.", finetune.Steps, step)
				return nil
			case len(steps) > 0 && step <= steps[len(steps)-1]:
				l.error(arguments.ranges["at"], "Steps do not ascend", "at lists %d after %d. Write each step once, in order.", step, steps[len(steps)-1])
				return nil
			}
			steps = append(steps, step)
		}
	} else {
		n := arguments.integer("every")
		if finetune.Steps/n > mostCheckpoints {
			l.error(arguments.ranges["every"], "Too many looks", "%d steps with a look every %d are %d; at most %d are evaluated. Make every larger.", finetune.Steps, n, finetune.Steps/n, mostCheckpoints)
			return nil
		}
		for step := n; step < finetune.Steps; step += n {
			steps = append(steps, step)
		}
	}
	if !slices.Contains(steps, finetune.Steps) {
		steps = append(steps, finetune.Steps)
	}
	if len(steps) > mostCheckpoints {
		l.error(arguments.ranges["at"], "Too many looks", "at lists %d steps; at most %d are evaluated.", len(steps), mostCheckpoints)
		return nil
	}
	if len(steps) == 1 {
		l.warning(block.DefRange, "Only the last step", "The one step that is looked at is the last, %d: there is nothing to choose from and nothing to stop. Look earlier, or remove the block.", finetune.Steps)
	}
	return steps
}

// contains reports whether a reward is another, or adds it up.
func (c *Component) contains(other *Component) bool {
	return c == other || c.Sum != nil && slices.ContainsFunc(c.Sum.Members, func(m Member) bool { return m.Reward != nil && m.Reward.contains(other) })
}
