package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/visible"
)

// choices says of indices and attributes that are not there what is. It evaluates
// parts of the expressions again, within the limits.
func choices(found hcl.Diagnostics) {
	for _, d := range found {
		if d.Expression == nil || d.Summary != "Invalid index" && d.Summary != "Unsupported attribute" {
			continue
		}
		within, key := failing(d.Expression, d.EvalContext)
		if within == cty.NilVal || !within.IsKnown() || within.IsNull() || !key.IsKnown() || key.IsNull() {
			continue
		}
		kind := within.Type()
		switch {
		case (kind.IsObjectType() || kind.IsMapType()) && key.Type() == cty.String:
			var keys []string
			of := ""
			for it := within.ElementIterator(); it.Next(); {
				name, element := it.Element()
				if element.Type().Equals(referenceType) {
					if of = element.EncapsulatedValue().(*reference).kind; name.AsString() == allPrompts {
						continue
					}
				}
				keys = append(keys, name.AsString())
			}
			slices.Sort(keys)
			given := key.AsString()
			d.Summary, d.Detail = "No such key", fmt.Sprintf("This object has no key %q.%s%s", given, diag.DidYouMean(given, keys), listed(" It has %s.", keys))
			if of != "" {
				d.Summary, d.Detail = "Unknown "+of, fmt.Sprintf("No %s block is called %q.%s%s", of, given, diag.DidYouMean(given, keys), listed(" There is %s.", keys))
			}
		case (kind.IsTupleType() || kind.IsListType()) && key.Type() == cty.Number:
			n := within.LengthInt()
			d.Summary, d.Detail = "No such element", fmt.Sprintf("The list has %d elements, with the indices 0 to %d, and this is index %s.", n, n-1, key.AsBigFloat().Text('g', 10))
			if n == 0 {
				d.Detail = "The list is empty."
			}
		case (kind.IsTupleType() || kind.IsListType()) && key.Type() == cty.String:
			d.Summary, d.Detail = "No such element", fmt.Sprintf("This is a list, whose elements have no names such as %q. Write an index, [0] for the first, or [*].%s for that of every element.", key.AsString(), key.AsString())
		case kind.Equals(referenceType):
			d.Summary, d.Detail = "Nothing in a reference", fmt.Sprintf("This is the reference %s, and nothing can be read through it. Remove what follows.", within.EncapsulatedValue().(*reference))
		}
	}
}

// mostListed is how many choices are worth reading.
const mostListed = 30

// listed puts names into a sentence; empty if there are none.
func listed(sentence string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	names = slices.Clone(names)
	for i, name := range names {
		names[i] = visible.Brief(name, 100)
	}
	if more := len(names) - mostListed; more > 0 {
		return fmt.Sprintf(sentence, strings.Join(names[:mostListed], ", ")+fmt.Sprintf(" and %d more", more))
	}
	return fmt.Sprintf(sentence, or(names))
}

// failing returns the value and the key of the step of an expression that there
// is not.
func failing(expression hcl.Expression, context *hcl.EvalContext) (within, key cty.Value) {
	steps := func(value cty.Value, traversal hcl.Traversal) (cty.Value, cty.Value) {
		for _, step := range traversal {
			next, found := step.TraversalStep(value)
			if !found.HasErrors() {
				value = next
				continue
			}
			switch step := step.(type) {
			case hcl.TraverseAttr:
				return value, cty.StringVal(step.Name)
			case hcl.TraverseIndex:
				return value, step.Key
			}
			break
		}
		return cty.NilVal, cty.NilVal
	}
	switch e := expression.(type) {
	case *hclsyntax.IndexExpr:
		within, found := e.Collection.Value(context)
		key, more := e.Key.Value(context)
		if !found.HasErrors() && !more.HasErrors() {
			return within, key
		}
	case *hclsyntax.ScopeTraversalExpr:
		root, found := e.Traversal[:1].TraverseAbs(context)
		if !found.HasErrors() {
			return steps(root, e.Traversal[1:])
		}
	case *hclsyntax.RelativeTraversalExpr:
		source, found := e.Source.Value(context)
		if !found.HasErrors() {
			return steps(source, e.Traversal)
		}
	}
	return cty.NilVal, cty.NilVal
}
