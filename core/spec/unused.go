package spec

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// usage is what the text of an experiment refers to, found without evaluating:
// what a condition leaves out this time counts as used.
type usage struct {
	variables map[string]bool            // on which a block depends, through locals or directly
	locals    map[string]bool            // likewise
	blocks    map[string]map[string]bool // by kind and name as it is written: what a stage comes from
}

// makers are the kinds of block that make stages of their own. A component with
// labels or images to be fitted on makes one, too.
var makers = []string{"images", "labels", "comparisons", "finetune", "evaluate"}

// usage finds out what is used.
func (l *loader) usage() usage {
	u := usage{variables: map[string]bool{}, locals: map[string]bool{}, blocks: map[string]map[string]bool{}}
	locals := l.localAttributes()
	var all, made []hcl.Expression
	for kind, blocks := range l.blocks {
		for _, block := range blocks {
			switch {
			case kind == "variable" || kind == "locals":
				continue
			case slices.Contains(makers, kind) || makesFit(kind, block):
				made = append(made, expressions(block.Body)...)
				u.block(kind, l.nameOf(block))
			}
			all = append(all, expressions(block.Body)...)
		}
	}
	for _, r := range l.rounds {
		made = append(made, r.model.Expr)
	}
	references(all, locals, func(kind, name string, named bool) []hcl.Expression {
		switch {
		case kind == "var" && named:
			u.variables[name] = true
		case kind == "var": // var[...]: any of them
			for name := range l.variables {
				u.variables[name] = true
			}
		case kind == "local":
			u.locals[name] = true
		}
		return nil
	})
	use := func(kind, name string, named bool) []hcl.Expression {
		var more []hcl.Expression
		for _, block := range l.blocks[kind] {
			if len(block.Labels) == 0 {
				continue
			}
			own := l.nameOf(block)
			if named && own != name && block.Labels[len(block.Labels)-1] != name && !(kind == "prompts" && name == allPrompts) || u.blocks[kind][own] {
				continue
			}
			u.block(kind, own)
			more = append(more, expressions(block.Body)...)
		}
		return more
	}
	for _, r := range l.rounds {
		if name, _ := r.reward(); name != "" && r.selects() {
			made = append(made, use("reward", name, true)...)
		}
	}
	references(made, locals, func(kind, name string, named bool) []hcl.Expression {
		if kind != "round" {
			return use(kind, name, named)
		}
		var more []hcl.Expression
		for _, r := range l.rounds { // of whichever: what else there is to refer to makes stages
			if reward, _ := r.reward(); reward != "" && (name == "reward" || !named) {
				more = append(more, use("reward", reward, true)...)
			}
		}
		return more
	})
	return u
}

// selects reports whether labels in the rounds may say which images they are of by
// round.reward, without naming it.
func (r *rounds) selects() bool {
	return slices.ContainsFunc(r.inner, func(b *hcl.Block) bool {
		content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "select"}, {Name: "reward"}}})
		return b.Type == "labels" && content.Attributes["select"] != nil && content.Attributes["reward"] == nil
	})
}

func (u *usage) block(kind, name string) {
	if u.blocks[kind] == nil {
		u.blocks[kind] = map[string]bool{}
	}
	u.blocks[kind][name] = true
}

// makesFit reports whether a block is a component that is fitted.
func makesFit(kind string, block *hcl.Block) bool {
	if !slices.Contains(componentKinds, kind) {
		return false
	}
	content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "labels"}, {Name: "images"}}})
	return len(content.Attributes) > 0
}

// localAttributes are the arguments of all locals blocks.
func (l *loader) localAttributes() hcl.Attributes {
	locals := hcl.Attributes{}
	for _, block := range l.blocks["locals"] {
		attributes, _ := block.Body.JustAttributes()
		for name, attribute := range attributes {
			locals[name] = attribute
		}
	}
	return locals
}

// references calls visit with what expressions refer to, and goes on with the
// expressions that it returns and with those of the locals, each once.
func references(pending []hcl.Expression, locals hcl.Attributes, visit func(kind, name string, named bool) []hcl.Expression) {
	known := map[string]bool{}
	for len(pending) > 0 {
		expression := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		for _, traversal := range expression.Variables() {
			kind := traversal.RootName()
			name, named := second(traversal)
			pending = append(pending, visit(kind, name, named)...)
			if attribute, ok := locals[name]; ok && kind == "local" && !known[name] {
				known[name] = true
				pending = append(pending, attribute.Expr)
			}
		}
	}
}

// unused warns of what nothing comes from: it is forgotten, or misspelt elsewhere.
// A value from the command line that changes nothing is a mistake.
func (l *loader) unused() {
	used := l.usage()
	for _, name := range names(l.variables) {
		variable := l.variables[name]
		if used.variables[name] {
			continue
		}
		if _, set := l.options.Variables[name]; set {
			l.errorAt(variable.Range, "Unused variable", "The command line sets variable %q, and nothing in the experiment depends on it: the value would change nothing. Use it as var.%s, or leave it out.", name, name)
			continue
		}
		l.warningAt(variable.Range, "Unused variable", "Nothing depends on variable %q. Use it as var.%s, or remove it.", name, name)
	}
	for _, name := range names(l.locals) {
		if !used.locals[name] {
			l.warning(l.locals[name].attribute.NameRange, "Unused local", "Nothing depends on local.%s. Use it, or remove it.", name)
		}
	}
	if len(used.blocks) == 0 {
		l.warning(l.blocks["experiment"][0].DefRange, "Nothing to do", "No block of this experiment makes a stage. Draw images:\n  images \"drawn\" {\n    sampler = sampler.%s\n    prompts = prompts.all\n  }", l.firstName("sampler"))
		return
	}
	for _, kind := range referenceKinds {
		for _, block := range l.blocks[kind] {
			name := l.nameOf(block)
			if r := l.of[block]; !used.blocks[kind][name] && (r == nil || r.number == 1) {
				l.warning(block.DefRange, "Unused block", "No stage comes of %s.%s: nothing that is made refers to it. Refer to it%s, or remove it.", kind, name, uses[kind])
			}
		}
	}
}

// uses says where blocks of a kind are referred to.
var uses = map[string]string{
	"prompts": " in images or an evaluate block (prompts = ...)",
	"sampler": " in images, a finetune or an evaluate block",
	"encoder": " in a reward or in fidelity (encoder = ...)",
	"rater":   " in labels, comparisons or alignment (rater = ...)",
	"reward":  " in a finetune, an evaluate block or best_of, or fit it (labels = ...)",
}

// unusedPlugins warns of plugins that no component comes from.
func (l *loader) unusedPlugins() {
	if l.options.Catalog == nil {
		return
	}
	provides := map[string]bool{}
	for _, kind := range componentKinds {
		for _, c := range *l.components(kind) {
			if identity, ok := l.lookUp(c.Kind, c.Provided()); ok {
				provides[identity.Plugin] = true
			}
		}
	}
	for _, plugin := range l.spec.Plugins {
		if !provides[plugin.Name] {
			l.warningAt(plugin.Range, "Unused plugin", "No component of this experiment comes from plugin %q. Use one, or remove the block.", plugin.Name)
		}
	}
}
