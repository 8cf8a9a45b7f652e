package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
)

// mostRounds bounds count. Each round is some stages, of every variant.
const mostRounds = 100

var roundsForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "count", Type: "integer", Required: true, Minimum: number(1), Maximum: number(mostRounds), Summary: "how many rounds"},
	}},
	expressions: []Value{{Name: "model", Required: true, Takes: "sampler.NAME or finetune.NAME", Summary: "round.model of the first round; in every other it is the finetune of the round before, if there is one"}},
	blocks: []nested{
		{Type: "images", Labels: []string{"name"}, Summary: "images of every round"},
		{Type: "labels", Labels: []string{"name"}, Summary: "labels of every round; round.labels is those of all rounds so far"},
		{Type: "comparisons", Labels: []string{"name"}, Summary: "comparisons of every round"},
		{Type: "reward", Labels: []string{"component", "name"}, Summary: "a reward of every round; round.reward is that of the round before, and null in the first"},
		{Type: "finetune", Labels: []string{"name"}, Summary: "the tuning of every round; at most one"},
	},
}

// whyOutside says why blocks of a kind do not stand in rounds.
var whyOutside = map[string]string{
	"rounds":   "Rounds do not stand in rounds. A second rounds block may go on where this one ends: model = finetune.NAME.",
	"evaluate": "Models of several rounds are measured side by side, outside of the rounds: finetune.NAME_1 is that of the first, finetune.NAME that of the last.",
}

// rounds is a rounds block.
type rounds struct {
	name      string
	count     int
	uncounted bool           // count is not known because of a mistake, and 1 for now
	model     *hcl.Attribute // nil after a mistake
	inner     hcl.Blocks     // what is repeated
	all       []*round
}

// round is one pass through the blocks of rounds.
type round struct {
	*rounds
	number int                  // from 1
	roots  map[string]cty.Value // what expressions in it refer to, where that is something else than outside
}

// finding is a mistake without what another round may call it.
type finding struct {
	at      diag.Range
	summary string
}

// roundsBlocks takes the blocks in rounds for blocks of the file, once for each round,
// under names of the round's: they are decoded as all others are.
//
//	rounds "feedback" {
//	  count = 3
//	  model = sampler.base # what the first round draws with and tunes
//
//	  images "drawn" {
//	    sampler    = round.model
//	    prompts    = prompts.all
//	    split      = "seen"
//	    per_prompt = 8
//	  }
//
//	  labels "crowd" {
//	    images = images.drawn # this round's
//	    rater  = rater.crowd
//	    count  = 40
//	    select = "uncertain" # of round.reward
//	  }
//
//	  reward "feedback" "learned" {
//	    encoder = encoder.clip
//	    labels  = round.labels # of all rounds so far
//	  }
//
//	  finetune "tuned" {
//	    sampler = round.model
//	    reward  = reward.learned
//	    images  = images.drawn
//
//	    loss "reward_weighted" {}
//	  }
//	}
func (l *loader) roundsBlocks() {
	wide := roundsForm // with blocks that are known, to say where they belong
	wide.blocks = slices.Clone(roundsForm.blocks)
	for _, block := range experimentFile {
		if !slices.ContainsFunc(wide.blocks, func(n nested) bool { return n.Type == block.Type }) {
			wide.blocks = append(wide.blocks, nested{Type: block.Type, Labels: block.Labels})
		}
	}
	first := map[string]hcl.Range{}
	for _, block := range l.blocks["rounds"] {
		r := &rounds{name: block.Labels[0], count: 1}
		l.identifier(r.name, block.LabelRanges[0])
		if other, ok := first[r.name]; ok {
			l.error(block.LabelRanges[0], "Duplicate name", "Another rounds block is called %q, on line %d. Choose another name.", r.name, other.Start.Line)
		}
		first[r.name] = block.DefRange
		arguments := l.decode(block.Body, wide)
		r.model = arguments.others["model"]
		if r.uncounted = arguments.bad["count"]; !r.uncounted {
			r.count = arguments.integer("count")
		}
		r.inner = l.repeatable(block, arguments.blocks)
		for number := 1; number <= r.count; number++ {
			this := &round{rounds: r, number: number}
			r.all = append(r.all, this)
			for _, inner := range r.inner {
				named := *inner
				named.Labels = slices.Clone(inner.Labels)
				last := len(named.Labels) - 1
				named.Labels[last] = this.called(named.Labels[last])
				l.blocks[named.Type] = append(l.blocks[named.Type], &named)
				l.of[&named] = this
			}
		}
		l.rounds = append(l.rounds, r)
	}
}

// called is what a block is called in the round.
func (r *round) called(name string) string { return fmt.Sprintf("%s_%d", name, r.number) }

// repeatable checks which of the blocks in rounds may stand there.
func (l *loader) repeatable(block *hcl.Block, blocks hcl.Blocks) hcl.Blocks {
	var kept hcl.Blocks
	first := map[[2]string]hcl.Range{}
	for _, inner := range blocks {
		if !slices.ContainsFunc(roundsForm.blocks, func(n nested) bool { return n.Type == inner.Type }) {
			why, ok := whyOutside[inner.Type]
			if !ok {
				why = fmt.Sprintf("It would be the same in every round. Write the %s block outside, where all rounds may refer to it.", inner.Type)
			}
			l.error(inner.DefRange, "Block in rounds", "%s", why)
			continue
		}
		if len(inner.Labels) == 2 {
			l.swapped(inner)
		}
		last := len(inner.Labels) - 1
		name := inner.Labels[last]
		if !l.identifier(name, inner.LabelRanges[last]) {
			continue
		}
		if other, ok := first[[2]string{inner.Type, name}]; ok {
			l.error(inner.LabelRanges[last], "Duplicate name", "Another %s block of the rounds is called %q, on line %d. Choose another name.", inner.Type, name, other.Start.Line)
			continue
		}
		first[[2]string{inner.Type, name}] = inner.DefRange
		if at := slices.IndexFunc(kept, func(b *hcl.Block) bool { return b.Type == "finetune" }); at >= 0 && inner.Type == "finetune" {
			l.error(inner.DefRange, "Several finetunes in rounds", "A round has one finetune, whose model goes into the next round; that is the one on line %d. Write this one outside, or in rounds of its own.", kept[at].DefRange.Start.Line)
			continue
		}
		kept = append(kept, inner)
	}
	if len(kept) == 0 && len(blocks) == 0 {
		l.error(block.DefRange, "Nothing in rounds", "Every round makes what the blocks in it say. Add some, such as images, labels, a reward and a finetune.")
	}
	return kept
}

// nameLast gives the blocks of each last round the names that they are written under,
// too: outside of the rounds these mean what came of all rounds.
func (l *loader) nameLast() {
	for _, r := range l.rounds {
		last := r.all[len(r.all)-1]
		for _, inner := range r.inner {
			at := len(inner.Labels) - 1
			name := inner.Labels[at]
			of, ok := l.references[inner.Type][last.called(name)]
			if !ok {
				continue // a mistake that is told
			}
			if other, ok := l.references[inner.Type][name]; ok {
				l.error(inner.LabelRanges[at], "Duplicate name",
					"Another %s block is called %q, on line %d, and outside of the rounds the name means that of the last round. Choose another name.", inner.Type, name, other.declared.Start.Line)
				continue
			}
			l.references[inner.Type][name] = of
		}
	}
}

// scopes makes what expressions in each round refer to.
func (l *loader) scopes() {
	for _, r := range l.rounds {
		model := cty.DynamicVal // after a mistake: whoever gets it keeps quiet
		if of := l.oneOf(r.model, "sampler", "finetune"); of.reference != nil {
			model = cty.CapsuleVal(referenceType, of.reference)
		} else if r.model != nil {
			if value, ok := l.evaluate(r.model.Expr); ok && value.IsNull() {
				l.error(r.model.Expr.Range(), "Missing value", "model must not be null: it is what the first round draws with and tunes.")
			}
		}
		reward, labels := cty.NullVal(referenceType), []cty.Value{}
		for _, this := range r.all {
			named := map[string]map[string]cty.Value{}
			for _, inner := range r.inner {
				name := inner.Labels[len(inner.Labels)-1]
				of, ok := l.references[inner.Type][this.called(name)]
				if !ok {
					continue // a mistake that is told
				}
				if named[inner.Type] == nil {
					named[inner.Type] = l.roots[inner.Type].AsValueMap()
				}
				named[inner.Type][name] = cty.CapsuleVal(referenceType, of)
				if inner.Type == "labels" {
					labels = append(labels, named[inner.Type][name])
				}
			}
			this.roots = map[string]cty.Value{"round": cty.ObjectVal(map[string]cty.Value{
				"number": cty.NumberIntVal(int64(this.number)), "model": model, "labels": cty.TupleVal(slices.Clone(labels)), "reward": reward,
			})}
			for kind, values := range named {
				this.roots[kind] = cty.ObjectVal(values)
			}
			if name, _ := r.reward(); name != "" && named["reward"] != nil {
				reward = named["reward"][name]
			}
			for _, inner := range r.inner {
				if of, ok := named["finetune"][inner.Labels[0]]; ok && inner.Type == "finetune" {
					model = of
				}
			}
		}
	}
}

// reward is the name of what round.reward is: the reward that the finetune of the rounds
// names, else the only one; empty, with the rewards that there are, if that is not clear.
func (r *rounds) reward() (name string, all []string) {
	var tuned []hcl.Expression
	for _, inner := range r.inner {
		switch inner.Type {
		case "reward":
			all = append(all, inner.Labels[1])
		case "finetune":
			content, _, _ := inner.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "reward"}}})
			if attribute, ok := content.Attributes["reward"]; ok {
				tuned = append(tuned, attribute.Expr)
			}
		}
	}
	if len(all) == 1 {
		return all[0], all
	}
	var named []string
	for _, expression := range tuned {
		for _, traversal := range expression.Variables() {
			if name, _ := second(traversal); traversal.RootName() == "reward" && slices.Contains(all, name) && !slices.Contains(named, name) {
				named = append(named, name)
			}
		}
	}
	if len(named) == 1 {
		return named[0], all
	}
	return "", all
}

// has reports whether a block of the kind is in the rounds.
func (r *rounds) has(kind string) bool {
	return slices.ContainsFunc(r.inner, func(b *hcl.Block) bool { return b.Type == kind })
}

// noneYet says of an argument that is missing in a first round why that may be; empty
// elsewhere.
func (l *loader) noneYet() string {
	if l.round == nil || l.round.number > 1 {
		return ""
	}
	return " (In the first round round.reward is null: there is none before.)"
}

// ofRound are the names of what is known in a round.
var ofRound = []string{"number", "model", "labels", "reward"}

// checkRound reports whether round.NAME can be evaluated.
func (l *loader) checkRound(name string, named bool, at hcl.Range) bool {
	switch {
	case l.round == nil:
		hint := ""
		if len(l.rounds) > 0 {
			hint = " Outside of them finetune.NAME_1 is the first round's, and finetune.NAME the last's."
		}
		l.error(at, "Outside of rounds", "round is known in the blocks of a rounds block alone.%s", hint)
	case !named:
		l.error(at, "Round without a name", "Say what of the round is meant: %s.", or(prefixed("round.", ofRound)))
	case !slices.Contains(ofRound, name):
		hint := diag.DidYouMean(name, ofRound)
		if hint == "" {
			hint = fmt.Sprintf(" There is %s.", or(prefixed("round.", ofRound)))
		}
		l.error(at, "Unknown name", "A round has no %q.%s", name, hint)
	case name == "labels" && !l.round.has("labels"):
		l.error(at, "No labels in the rounds", "round.labels is the labels of all rounds so far, and the rounds have no labels block.")
	case name == "reward":
		return l.checkRoundReward(at)
	default:
		return true
	}
	return false
}

// checkRoundReward reports whether there is a round.reward.
func (l *loader) checkRoundReward(at hcl.Range) bool {
	switch name, all := l.round.reward(); {
	case name != "":
		return true
	case len(all) == 0:
		l.error(at, "No reward in the rounds", "round.reward is that of the round before, and the rounds have no reward block. Name one that stands outside: reward.%s.", l.firstName("reward"))
	default:
		l.error(at, "Several rewards in the rounds", "round.reward is the one that the rounds' finetune names, else the only one, and the rounds have %s. Keep one of them in the rounds.", and(prefixed("reward.", all)))
	}
	return false
}

// lastReward is round.reward for an argument that is not given; nil in the first round,
// or after a mistake.
func (l *loader) lastReward(at hcl.Range) *Component {
	if !l.checkRoundReward(at) {
		return nil
	}
	last := l.round.roots["round"].GetAttr("reward")
	if last.IsNull() {
		return nil
	}
	return located{last.EncapsulatedValue().(*reference), at}.component()
}

func prefixed(prefix string, names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = prefix + name
	}
	return list
}

// enter has what follows be about a block, or about what it declares, up to the call of
// leave: references mean those of its round.
func (l *loader) enter(about any) (leave func()) {
	before := l.round
	l.round = l.of[about]
	return func() { l.round = before }
}

// valueOf is what a root of expressions stands for.
func (l *loader) valueOf(name string) cty.Value {
	if l.round != nil {
		if value, ok := l.round.roots[name]; ok {
			return value
		}
	}
	return l.roots[name]
}

// toldBefore reports whether a finding is what another round of the same blocks has
// told.
func (l *loader) toldBefore(d diag.Diagnostic) bool {
	if l.round == nil {
		return false
	}
	key := finding{d.Subject, d.Summary}
	by, told := l.told[key]
	if !told {
		l.told[key] = l.round
	}
	return told && by != l.round
}

// beyond finds the rounds that a name such as tuned_7 speaks of, where they have no such
// round, or it is not known how many they have; nil if it speaks of none.
func (l *loader) beyond(kind, name string) *rounds {
	at := strings.LastIndexByte(name, '_')
	if at < 0 {
		return nil
	}
	if _, err := strconv.Atoi(name[at+1:]); err != nil {
		return nil
	}
	for _, r := range l.rounds {
		for _, inner := range r.inner {
			if inner.Type == kind && inner.Labels[len(inner.Labels)-1] == name[:at] {
				return r
			}
		}
	}
	return nil
}

// nameOf is a block's name as it stands in the file.
func (l *loader) nameOf(block *hcl.Block) string {
	name := block.Labels[len(block.Labels)-1]
	if r := l.of[block]; r != nil {
		return strings.TrimSuffix(name, fmt.Sprintf("_%d", r.number))
	}
	return name
}
