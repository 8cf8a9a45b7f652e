package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// componentKinds are the kinds of what plugins provide.
var componentKinds = []string{"sampler", "encoder", "rater", "reward"}

// components returns the Spec's list of a kind of components.
func (l *loader) components(kind string) *[]*Component {
	switch kind {
	case "sampler":
		return &l.spec.Samplers
	case "encoder":
		return &l.spec.Encoders
	case "rater":
		return &l.spec.Raters
	}
	return &l.spec.Rewards
}

// componentInput is a reference that the block of a component may hold, if the
// component can do what it is for.
type componentInput struct {
	Value
	kinds   []string // of components that may take it
	refusal string   // why a component does not take it
	able    func(c schema.Component) bool
}

var componentInputs = []componentInput{
	{
		Value: Value{Name: "encoder", Takes: "encoder.NAME", Summary: "makes the features that it reads; required if it reads any"},
		kinds: []string{"reward"}, refusal: "reads no features, which an encoder would make",
		able: func(c schema.Component) bool { return c.ReadsFeatures() },
	},
	{
		Value: Value{Name: "labels", Takes: "labels.NAME, or a list of them", Summary: "what it is fitted on, if it can be fitted"},
		kinds: []string{"reward"}, refusal: "is not fitted on labels",
		able: func(c schema.Component) bool { return c.Has(schema.Fit) },
	},
	{
		Value: Value{Name: "images", Takes: "images.NAME", Summary: "what it is fitted on, if it can be fitted"},
		kinds: []string{"encoder", "rater"}, refusal: "is not fitted on images",
		able: func(c schema.Component) bool { return c.Has(schema.Fit) },
	},
}

// taken reports whether a component takes the input.
func (i componentInput) taken(kind string, c schema.Component) bool {
	return slices.Contains(i.kinds, kind) && i.able(c)
}

// inputsOf are the inputs that some component of a kind takes.
func inputsOf(kind string) []Value {
	var all []Value
	for _, input := range componentInputs {
		if slices.Contains(input.kinds, kind) {
			all = append(all, input.Value)
		}
	}
	return all
}

// componentBlocks decodes sampler, encoder, rater and reward blocks:
//
//	reward "feedback" "with_aux" {
//	  encoder = encoder.clip  # makes the features that it reads
//	  labels  = labels.human  # what it is fitted on
//
//	  auxiliary "prompt_classification" { # its own options, by its schema
//	    weight = 0.5
//	  }
//	}
func (l *loader) componentBlocks() {
	for _, kind := range componentKinds {
		each(l, kind, l.componentBlock)
	}
}

func (l *loader) componentBlock(block *hcl.Block, c *Component) {
	before := l.errors
	if c.Kind == "reward" && c.Component == schema.WeightedSum {
		l.weightedSumBlock(block, c)
		return
	}
	if l.ambiguous(block, c) {
		return
	}
	declared, ok := l.lookUp(c.Kind, c.Provided())
	if !ok {
		if l.unasked(c) {
			return
		}
		l.error(block.LabelRanges[0], "Unknown component", "No plugin provides %s %q.%s", withArticle(c.Kind), block.Labels[0], l.elsewhere(c))
		return
	}
	f := form{schema: declared.Schema}
	for _, input := range componentInputs {
		_, own := declared.Schema.Attribute(input.Name)
		if input.taken(c.Kind, declared.Component) || !own {
			f.values = append(f.values, input.Value)
		}
	}
	arguments := l.decode(block.Body, f)
	for _, input := range componentInputs {
		attribute, ok := arguments.others[input.Name]
		taken := input.taken(c.Kind, declared.Component)
		if ok && !taken {
			l.error(attribute.NameRange, "Unsupported argument", "The %s %q %s. Remove the argument, or choose another component.", c.Kind, c.Component, input.refusal)
			delete(arguments.others, input.Name)
		}
		if !ok && taken && input.Name == "encoder" {
			l.error(block.DefRange, "Missing encoder", "The %s %q reads features that an encoder makes. Name one: encoder = encoder.%s.", c.Kind, c.Component, l.firstName("encoder"))
		}
	}
	encoder := l.oneOf(arguments.others["encoder"], "encoder")
	c.Encoder = encoder.component()
	if declared.DoesRead(schema.ReadTextFeatures) {
		l.encodesTexts(c, encoder)
	}
	for _, r := range l.listOf(arguments.others["labels"], "labels") {
		c.Labels = append(c.Labels, r.labels())
	}
	c.Images = l.oneOf(arguments.others["images"], "images").images()
	c.Paths = arguments.paths
	config, err := canonicalJSON(arguments.config)
	if err != nil {
		l.error(block.DefRange, "Wrong value", "The block cannot be written as JSON: %v.", err)
		return
	}
	c.Config = config
	l.sound[c] = l.errors == before
}

// provider finds whose a component is: its label may say so, reward "redness/clip_score",
// and else there is only one that has it.
func (l *loader) provider(c *Component) {
	if plugin, name, qualified := strings.Cut(c.Component, "/"); qualified {
		c.Plugin, c.Component = plugin, name
		return
	}
	if l.options.Catalog == nil {
		return
	}
	if all := l.options.Catalog.Providers(c.Kind, c.Component); len(all) == 1 {
		c.Plugin = all[0].Plugin
	}
}

// Provided is what the catalog calls the component.
func (c *Component) Provided() string {
	if c.Plugin == "" || c.Plugin == Builtin {
		return c.Component
	}
	return c.Plugin + "/" + c.Component
}

// ambiguous reports a component that several plugins provide, and of which nobody says
// whose is meant.
func (l *loader) ambiguous(block *hcl.Block, c *Component) bool {
	if c.Plugin != "" || l.options.Catalog == nil {
		return false
	}
	all := l.options.Catalog.Providers(c.Kind, c.Component)
	if len(all) < 2 {
		return false
	}
	choices, places := make([]string, len(all)), make([]string, len(all))
	for i, one := range all {
		choices[i] = fmt.Sprintf("%s %q %q", c.Kind, one.Plugin+"/"+c.Component, c.Name)
		places[i] = fmt.Sprintf("plugin %q (line %d)", one.Plugin, one.Range.Start.Line)
		if one.Builtin() {
			places[i] = "Plumb itself"
		}
	}
	l.error(block.LabelRanges[0], "Several plugins have this component", "The %s %q is provided by %s. Say whose is meant: %s.", c.Kind, c.Component, and(places), or(choices))
	return true
}

// swapped reports labels in the wrong order, once, and goes on as if they were in
// the right one: all that refers to the block does.
func (l *loader) swapped(block *hcl.Block) {
	first, second := block.Labels[0], block.Labels[1]
	if l.known(block.Type, first) || block.Type == "reward" && first == schema.WeightedSum {
		return
	}
	if !l.known(block.Type, second) && !(block.Type == "reward" && second == schema.WeightedSum) {
		return
	}
	l.error(hcl.RangeBetween(block.LabelRanges[0], block.LabelRanges[1]), "Labels in the wrong order", "The component stands first, and then the name that you give it: %s %q %q.", block.Type, second, first)
	block.Labels = []string{second, first}
	block.LabelRanges = []hcl.Range{block.LabelRanges[1], block.LabelRanges[0]}
}

// encodesTexts checks that an encoder makes features of texts, which a reward
// reads.
func (l *loader) encodesTexts(reward *Component, encoder located) {
	c := encoder.component()
	if c == nil {
		return
	}
	declared, known := l.lookUp(c.Kind, c.Provided())
	if !known || declared.Has(schema.Texts) {
		return // of an unknown component its own block tells
	}
	hint := "No encoder that is installed does."
	if able := l.having("encoder", schema.Texts); len(able) > 0 {
		hint = fmt.Sprintf("These do: %s.", strings.Join(quoted(able), ", "))
	}
	l.error(encoder.at, "Encoder reads no texts", "The reward %q compares images with prompts, and the encoder %q encodes images alone. %s", reward.Component, c.Component, hint)
}

// having lists the components of a kind that have a capability.
func (l *loader) having(kind string, capability schema.Capability) []string {
	var able []string
	if l.options.Catalog == nil {
		return able
	}
	for _, name := range l.options.Catalog.Names(kind) {
		if other, ok := l.lookUp(kind, name); ok && other.Has(capability) {
			able = append(able, name)
		}
	}
	return able
}

// known reports whether anybody provides what a label names.
func (l *loader) known(kind, label string) bool {
	return l.options.Catalog != nil && len(l.options.Catalog.Providers(kind, label)) > 0
}

// lookUp asks the catalog for a component.
func (l *loader) lookUp(kind, name string) (Identity, bool) {
	if l.options.Catalog == nil {
		return Identity{}, false
	}
	return l.options.Catalog.Component(kind, name)
}

// elsewhere says what may have been meant by an unknown component.
func (l *loader) elsewhere(c *Component) string {
	if l.options.Catalog == nil {
		return " There are no plugins."
	}
	existing := l.options.Catalog.Names(c.Kind)
	if c.Kind == "reward" {
		existing = append(slices.Clone(existing), schema.WeightedSum)
	}
	if hint := l.ofPlugin(c); hint != "" {
		return hint
	}
	if hint := diag.DidYouMean(c.Component, existing); hint != "" {
		return hint
	}
	for _, kind := range componentKinds {
		if _, ok := l.lookUp(kind, c.Component); ok {
			return fmt.Sprintf(" There is %s %q.", withArticle(kind), c.Component)
		}
	}
	hint := " A third party's component needs a plugin block."
	if len(existing) > 0 {
		hint = fmt.Sprintf(" There is %s.%s", or(quoted(existing)), hint)
	}
	return hint
}

// unasked reports whether a component may be that of a plugin that was never asked what
// it has, because of a mistake in the file that is told already.
func (l *loader) unasked(c *Component) bool {
	if l.options.Catalog == nil || !l.diagnostics.HasErrors() {
		return false
	}
	asked := map[string]bool{}
	for _, kind := range componentKinds {
		for _, name := range l.options.Catalog.Names(kind) {
			for _, one := range l.options.Catalog.Providers(kind, name) {
				asked[one.Plugin] = true
			}
		}
	}
	return slices.ContainsFunc(l.blocks["plugin"], func(block *hcl.Block) bool {
		name := block.Labels[0]
		return (name == Builtin || !asked[name]) && (c.Plugin == "" || c.Plugin == name)
	})
}

// ofPlugin says what a plugin has that a label names; empty if it names none.
func (l *loader) ofPlugin(c *Component) string {
	if c.Plugin == "" {
		return ""
	}
	named := func(p Plugin) bool { return p.Name == c.Plugin }
	if c.Plugin != Builtin && !slices.ContainsFunc(l.spec.Plugins, named) {
		plugins := []string{Builtin}
		for _, one := range l.spec.Plugins {
			plugins = append(plugins, one.Name)
		}
		return fmt.Sprintf(" No plugin block is called %q.%s", c.Plugin, diag.DidYouMean(c.Plugin, plugins))
	}
	var own []string
	for _, name := range l.options.Catalog.Names(c.Kind) {
		name = name[strings.LastIndexByte(name, '/')+1:]
		for _, one := range l.options.Catalog.Providers(c.Kind, name) {
			if one.Plugin == c.Plugin && !slices.Contains(own, name) {
				own = append(own, name)
			}
		}
	}
	if len(own) == 0 {
		return fmt.Sprintf(" The plugin %q has no %s.", c.Plugin, c.Kind)
	}
	if hint := diag.DidYouMean(c.Component, own); hint != "" {
		return hint
	}
	return fmt.Sprintf(" The plugin %q has %s.", c.Plugin, and(quoted(own)))
}

// firstName is the name of the first block of a kind, as it is written, or NAME if there
// is none.
func (l *loader) firstName(kind string) string {
	if blocks := l.blocks[kind]; len(blocks) > 0 {
		return l.nameOf(blocks[0])
	}
	return "NAME"
}

// withArticle is a kind of component in a sentence: "a sampler", "an encoder".
func withArticle(kind string) string {
	if strings.HasPrefix(kind, "e") {
		return "an " + kind
	}
	return "a " + kind
}
