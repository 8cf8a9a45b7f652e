package spec

import (
	"fmt"
	"slices"

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

// componentBlocks decodes sampler, encoder, rater and reward blocks:
//
//	reward "preference" "with_aux" {
//	  encoder = encoder.clip  # what the component uses
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
	declared, ok := l.lookUp(c.Kind, c.Component)
	if !ok {
		l.error(block.LabelRanges[0], "Unknown component", "No plugin provides a %s %q.%s", c.Kind, c.Component, l.elsewhere(c))
		return
	}
	for _, use := range declared.Uses {
		if use != schema.Encoder {
			l.error(block.DefRange, "Component cannot be used", "%s %q needs a %s, which an experiment cannot give it yet. Choose another component.", c.Kind, c.Component, use)
		}
	}
	// References that a body may hold, and why it may not.
	type slot struct {
		name, refusal string
		allowed       bool
	}
	slots := []slot{
		{"encoder", "uses no encoder", slices.Contains(declared.Uses, schema.Encoder)},
		{"labels", "is not fitted on labels", c.Kind == "reward" && declared.Has(schema.Fit)},
		{"images", "is not fitted on images", (c.Kind == "encoder" || c.Kind == "rater") && declared.Has(schema.Fit)},
	}
	f := form{schema: declared.Schema}
	for _, s := range slots {
		own := slices.ContainsFunc(declared.Schema.Attributes, func(a Attribute) bool { return a.Name == s.name })
		if s.allowed || !own {
			f.values = append(f.values, hcl.AttributeSchema{Name: s.name})
		}
	}
	arguments := l.decode(block.Body, f)
	for _, s := range slots {
		attribute, ok := arguments.others[s.name]
		if ok && !s.allowed {
			l.error(attribute.NameRange, "Unsupported argument", "The %s %q %s. Remove the argument, or choose another component.", c.Kind, c.Component, s.refusal)
			delete(arguments.others, s.name)
		}
		if !ok && s.allowed && s.name == "encoder" {
			l.error(block.DefRange, "Missing encoder", "The %s %q looks through an encoder. Name one: encoder = encoder.%s.", c.Kind, c.Component, l.firstName("encoder"))
		}
	}
	c.Encoder = l.oneOf(arguments.others["encoder"], "encoder").component()
	c.Labels = l.oneOf(arguments.others["labels"], "labels").labels()
	c.Images = l.oneOf(arguments.others["images"], "images").images()
	c.Paths = arguments.paths
	config, err := canonicalJSON(arguments.config)
	if err != nil {
		l.error(block.DefRange, "Wrong value", "The block cannot be written as JSON: %v.", err)
		return
	}
	c.Config = config
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
	if hint := diag.DidYouMean(c.Component, existing); hint != "" {
		return hint
	}
	for _, kind := range componentKinds {
		if _, ok := l.lookUp(kind, c.Component); ok {
			return fmt.Sprintf(" There is a %s %q.", kind, c.Component)
		}
	}
	hint := " A third party's component needs a plugin block."
	if len(existing) > 0 {
		hint = fmt.Sprintf(" There is %s.%s", or(quoted(existing)), hint)
	}
	return hint
}

// firstName is the name of the first block of a kind, or NAME if there is none.
func (l *loader) firstName(kind string) string {
	if blocks := l.blocks[kind]; len(blocks) > 0 {
		return blocks[0].Labels[len(blocks[0].Labels)-1]
	}
	return "NAME"
}
