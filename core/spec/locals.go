package spec

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// local is one argument of a locals block. It is evaluated when it is first
// needed, so that locals may stand in any order.
type local struct {
	attribute *hcl.Attribute
	done      bool
	value     cty.Value
}

// declareLocals collects the arguments of all locals blocks.
func (l *loader) declareLocals() {
	for _, block := range l.blocks["locals"] {
		attributes, diagnostics := block.Body.JustAttributes()
		l.hcl(diagnostics)
		for _, name := range names(attributes) {
			attribute := attributes[name]
			if other, ok := l.locals[name]; ok {
				l.error(attribute.NameRange, "Duplicate local", "local.%s is set already, on line %d. Choose another name.", name, other.attribute.NameRange.Start.Line)
				continue
			}
			l.locals[name] = &local{attribute: attribute}
		}
	}
}

// local evaluates the named local, unless that is done already, and reports
// whether it has a value.
func (l *loader) local(name string) bool {
	this := l.locals[name]
	if this.done {
		return this.value.IsWhollyKnown()
	}
	if start := slices.Index(l.evaluating, name); start >= 0 {
		circle := append(slices.Clone(l.evaluating[start:]), name)
		l.error(this.attribute.Range, "Cycle of locals",
			"local.%s needs itself: %s. Write one of them without the others.", name, "local."+strings.Join(circle, " → local."))
		return false
	}
	if len(l.evaluating) > mostChained {
		l.error(this.attribute.Range, "Chain of locals too long", "More than %d locals need one another in a row. Write one of them without the others.", mostChained)
		this.value, this.done = cty.DynamicVal, true
		return false
	}
	defer l.enter(nil)() // a local is the same in all rounds
	l.evaluating = append(l.evaluating, name)
	value, _ := l.evaluate(this.attribute.Expr)
	l.evaluating = l.evaluating[:len(l.evaluating)-1]

	this.value, this.done = value, true
	return value.IsWhollyKnown()
}

// remainingLocals evaluates the locals that nobody used, for their mistakes.
func (l *loader) remainingLocals() {
	for _, name := range names(l.locals) {
		l.local(name)
	}
}
