package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/visible"
)

// referenceKinds are the kinds of block that others refer to as KIND.NAME.
var referenceKinds = []string{"prompts", "sampler", "encoder", "rater", "reward", "images", "labels", "comparisons", "finetune"}

// allPrompts is the name that means every prompts block.
const allPrompts = "all"

// reference is the value of an expression such as reward.with_aux. Blocks are
// referred to before they are decoded: the target's fields come later.
type reference struct {
	kind, name string
	target     any // *Component, *PromptSet, *Images, *Labels, *Comparisons or *Finetune; nil: prompts.all
	declared   hcl.Range
}

func (r *reference) String() string { return r.kind + "." + r.name }

// referenceType is the type that references have in HCL: opaque, so that
// nothing can be read through them.
var referenceType = cty.Capsule("reference", reflect.TypeFor[reference]())

// located is a reference and where it is written.
type located struct {
	*reference
	at hcl.Range
}

// listOf evaluates an argument that takes one reference or a list of them, to
// one of the kinds. It is nil after a mistake. An absent argument is nil, too.
func (l *loader) listOf(attribute *hcl.Attribute, kinds ...string) []located {
	if attribute == nil {
		return nil
	}
	at := attribute.Expr.Range()
	// Elements of a list that is written out are evaluated one by one: each of
	// them may be wrong, and each has its place.
	type element struct {
		value cty.Value
		at    hcl.Range
	}
	var elements []element
	complete := true
	if written, diagnostics := hcl.ExprList(attribute.Expr); !diagnostics.HasErrors() {
		for _, expression := range written {
			value, ok := l.evaluate(expression)
			if !ok {
				complete = false
				continue
			}
			elements = append(elements, element{value, expression.Range()})
		}
	} else {
		value, ok := l.evaluate(attribute.Expr)
		switch {
		case !ok || value.IsNull():
			return nil
		case value.Type().IsTupleType() || value.Type().IsListType() || value.Type().IsSetType():
			for it := value.ElementIterator(); it.Next(); {
				_, each := it.Element()
				elements = append(elements, element{each, at})
			}
		default:
			elements = append(elements, element{value, at})
		}
	}
	list := []located{}
	for _, element := range elements {
		r, ok := l.referenceOf(attribute.Name, element.value, element.at, kinds)
		if !ok {
			complete = false
			continue
		}
		if slices.ContainsFunc(list, func(other located) bool { return other.reference == r }) {
			l.error(element.at, "Named twice", "%s stands in this list already. Remove one of them.", r)
			complete = false
			continue
		}
		list = append(list, located{r, element.at})
	}
	if !complete {
		return nil
	}
	if len(list) == 0 {
		l.error(at, "Empty list", "%s takes at least one. Name one, or remove the argument.", attribute.Name)
		return nil
	}
	return list
}

// oneOf evaluates an argument that takes one reference to one of the kinds.
// The reference is nil after a mistake or if the argument is absent.
func (l *loader) oneOf(attribute *hcl.Attribute, kinds ...string) located {
	if attribute == nil {
		return located{}
	}
	value, ok := l.evaluate(attribute.Expr)
	if !ok || value.IsNull() {
		return located{}
	}
	at := attribute.Expr.Range()
	r, ok := l.referenceOf(attribute.Name, value, at, kinds)
	if !ok {
		return located{}
	}
	return located{r, at}
}

// referenceOf returns the reference that a value is, if it is of one of the kinds.
func (l *loader) referenceOf(argument string, value cty.Value, at hcl.Range, kinds []string) (*reference, bool) {
	wanted := or(articles(kinds))
	if !value.Type().Equals(referenceType) || value.IsNull() {
		hint := fmt.Sprintf(" Write %s.NAME.", kinds[0])
		if value.Type() == cty.String && !value.IsNull() {
			if owner := l.meant(value.AsString(), kinds); owner != "" {
				hint = fmt.Sprintf(" Write %s, without quotes.", owner)
			}
		}
		l.error(at, "Not a reference", "%s takes %s, and this is %s.%s", argument, wanted, describe(value), hint)
		return nil, false
	}
	r := value.EncapsulatedValue().(*reference)
	if !slices.Contains(kinds, r.kind) {
		l.error(at, "Wrong kind of reference", "%s takes %s, and %s is %s.", argument, wanted, r, articles([]string{r.kind})[0])
		return nil, false
	}
	return r, true
}

// meant returns the reference that a string spells: "crowd" or "rater.crowd".
func (l *loader) meant(text string, kinds []string) string {
	for _, kind := range kinds {
		if r, ok := l.references[kind][strings.TrimPrefix(text, kind+".")]; ok {
			return r.String()
		}
	}
	return ""
}

// articles puts the article before the name of a kind.
func articles(kinds []string) []string {
	list := make([]string, len(kinds))
	for i, kind := range kinds {
		switch kind {
		case "prompts", "images", "labels", "comparisons":
			list[i] = "a set of " + kind
		default:
			list[i] = withArticle(kind)
		}
	}
	return list
}

// describe names a value's type for a sentence that begins with "this is".
func describe(value cty.Value) string {
	kind := value.Type()
	switch {
	case value.IsNull():
		return "null"
	case kind.Equals(referenceType):
		return "the reference " + value.EncapsulatedValue().(*reference).String()
	case kind.IsObjectType(), kind.IsMapType():
		return "an object"
	case kind.IsTupleType(), kind.IsListType(), kind.IsSetType():
		return "a list"
	case kind == cty.String:
		return fmt.Sprintf("the string %q", visible.Brief(value.AsString(), 100))
	}
	return "a " + kind.FriendlyName()
}

// component returns what the reference points to, or nil.
func (r located) component() *Component { return target[*Component](r) }

// images returns what the reference points to, or nil.
func (r located) images() *Images { return target[*Images](r) }

// labels returns what the reference points to, or nil.
func (r located) labels() *Labels { return target[*Labels](r) }

// model returns the sampler or finetune that the reference points to, or the images. The
// bases of finetunes must be decoded.
func (r located) model() Model {
	if images := r.images(); images != nil {
		return Model{Images: images}
	}
	if finetune := target[*Finetune](r); finetune != nil {
		return Model{Sampler: finetune.Model.Sampler, Finetune: finetune}
	}
	return Model{Sampler: r.component()}
}

func target[T any](r located) T {
	var none T
	if r.reference == nil {
		return none
	}
	if t, ok := r.target.(T); ok {
		return t
	}
	return none
}
