package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
)

// evaluate returns the expression's value, or an unknown value and false after
// a mistake that has been reported. Whoever gets an unknown value keeps quiet.
func (l *loader) evaluate(expression hcl.Expression) (cty.Value, bool) {
	expression, diagnostics := Native(expression)
	l.hcl(diagnostics)
	if diagnostics.HasErrors() {
		return cty.DynamicVal, false
	}
	ok := true
	variables, locals := map[string]cty.Value{}, map[string]cty.Value{}
	for _, traversal := range expression.Variables() {
		if !l.check(traversal) {
			ok = false
			continue
		}
		root := traversal.RootName()
		if name, _ := second(traversal); root == "local" {
			locals[name] = l.locals[name].value
		} else {
			variables[root] = l.valueOf(root)
		}
	}
	if !ok {
		return cty.DynamicVal, false
	}
	variables["local"] = cty.ObjectVal(locals)
	return l.value(expression, variables)
}

// value evaluates an expression, and reports what is wrong with it.
func (l *loader) value(expression hcl.Expression, variables map[string]cty.Value) (cty.Value, bool) {
	value, diagnostics := l.evaluator.Value(expression, variables)
	l.hcl(diagnostics)
	if diagnostics.HasErrors() || !value.IsWhollyKnown() {
		return cty.DynamicVal, false
	}
	return value, true
}

// check reports whether what a traversal such as var.seed or reward.with_aux
// names exists, and evaluates it if it is a local. HCL would find the same
// mistakes, but could not say what was meant.
func (l *loader) check(traversal hcl.Traversal) bool {
	root := traversal.RootName()
	name, named := second(traversal)
	at := traversal.SourceRange()
	switch {
	case root == "var":
		if !named {
			return true
		}
		if _, ok := l.variables[name]; !ok {
			l.error(at, "Unknown variable", "There is no variable %q.%s Declare it:\n  variable %q {}", name, diag.DidYouMean(name, names(l.variables)), name)
			return false
		}
		return l.variables[name].value.IsWhollyKnown()
	case root == "local":
		if !named {
			l.error(at, "Local without a name", "Name the local that is meant: local.NAME.")
			return false
		}
		if _, ok := l.locals[name]; !ok {
			l.error(at, "Unknown local", "There is no local %q.%s Add it to a locals block.", name, diag.DidYouMean(name, names(l.locals)))
			return false
		}
		return l.local(name)
	case slices.Contains(referenceKinds, root):
		if !named {
			return true
		}
		if _, ok := l.references[root][name]; !ok {
			if r := l.beyond(root, name); r != nil {
				if !r.uncounted {
					l.error(at, "No such round", "rounds %q has %d: %s.%s is of the last.", r.name, r.count, root, r.all[r.count-1].called(name[:strings.LastIndexByte(name, '_')]))
				}
				return false
			}
			l.error(at, "Unknown "+root, "No %s block is called %q.%s", root, name, l.suggest(root, name))
			return false
		}
		return true
	case root == "round":
		return l.checkRound(name, named, at)
	}
	roots := append([]string{"var", "local"}, referenceKinds...)
	if l.round != nil {
		roots = append(roots, "round")
	}
	hint := diag.DidYouMean(root, roots)
	if owners := l.owners(root); len(owners) > 0 {
		hint = fmt.Sprintf(" Did you mean %s?", or(owners))
	}
	if meant, ok := foreign[root]; ok {
		hint = fmt.Sprintf(" Did you mean %s?", meant)
	}
	if hint == "" {
		hint = " A reference begins with its kind: " + or(roots) + ". A string stands in quotes."
	}
	l.error(at, "Unknown name", "There is nothing called %q here.%s", root, hint)
	return false
}

// foreign are constants as other languages write them.
var foreign = map[string]string{
	"True": "true", "TRUE": "true", "yes": "true", "on": "true", "False": "false", "FALSE": "false", "no": "false", "off": "false",
	"None": "null", "nil": "null", "Null": "null", "NULL": "null", "undefined": "null",
}

// second returns the name after the traversal's root: x of var.x or var["x"].
func second(traversal hcl.Traversal) (string, bool) {
	if len(traversal) < 2 {
		return "", false
	}
	switch step := traversal[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

// suggest says what may have been meant by a reference to nothing.
func (l *loader) suggest(kind, name string) string {
	if owners := l.owners(name); len(owners) > 0 {
		return fmt.Sprintf(" Did you mean %s?", or(owners))
	}
	existing := names(l.references[kind])
	if suggestion := diag.Suggest(name, existing); suggestion != "" {
		return fmt.Sprintf(" Did you mean %s.%s?", kind, suggestion)
	}
	existing = slices.DeleteFunc(existing, func(name string) bool { return name == allPrompts })
	if len(existing) == 0 {
		return " The experiment has none."
	}
	return fmt.Sprintf(" There is %s.", or(existing))
}

// owners lists everything of a name, such as rater.crowd for "crowd".
func (l *loader) owners(name string) []string {
	var owners []string
	for _, kind := range referenceKinds {
		if r, ok := l.references[kind][name]; ok && r.target != nil {
			owners = append(owners, r.String())
		}
	}
	if _, ok := l.variables[name]; ok {
		owners = append(owners, "var."+name)
	}
	if _, ok := l.locals[name]; ok {
		owners = append(owners, "local."+name)
	}
	return owners
}
