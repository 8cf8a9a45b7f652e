package spec

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/plumb-ml/plumb/core/diag"
)

// arguments is a decoded body.
type arguments struct {
	config map[string]any       // by form.schema, defaults filled in, of JSON types
	apart  []map[string]any     // by each of form.apart, likewise
	paths  []string             // resolved paths in config and apart
	bad    map[string]bool      // by name, what is wrong or missing and therefore has its default
	ranges map[string]hcl.Range // by name, the values that are given: not absent, not null
	others hcl.Attributes       // of form.values and form.expressions, those that are given
	blocks hcl.Blocks           // of form.blocks
}

// decode checks a body against a form. After a mistake, which is reported, the
// argument has its default and stands in bad.
func (l *loader) decode(body hcl.Body, f form) arguments {
	read := body.Content
	if f.open {
		read = func(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
			content, _, diagnostics := body.PartialContent(schema)
			return content, diagnostics
		}
	}
	content, diagnostics := read(f.bodySchema())
	l.hcl(f.explain(diagnostics))
	a := arguments{
		config: map[string]any{},
		bad:    map[string]bool{},
		ranges: map[string]hcl.Range{},
		others: hcl.Attributes{},
	}
	for _, expression := range f.expressions {
		if attribute, ok := content.Attributes[expression.Name]; ok {
			a.others[expression.Name] = attribute
		} else if expression.Required {
			l.missing(body, expression.Name, "")
		}
	}
	for _, wanted := range f.values {
		attribute, ok := content.Attributes[wanted.Name]
		if !ok {
			if wanted.Required {
				l.missing(body, wanted.Name, "")
			}
			continue
		}
		// A condition may choose null, which is as good as absent.
		if value, ok := l.evaluate(attribute.Expr); ok && value.IsNull() {
			if wanted.Required {
				l.error(attribute.Expr.Range(), "Missing value", "%s must not be null.", wanted.Name)
			}
			continue
		}
		a.others[wanted.Name] = attribute
	}
	known := map[string]hcl.Blocks{}
	for _, block := range content.Blocks {
		if slices.ContainsFunc(f.blocks, func(inner nested) bool { return inner.Type == block.Type }) {
			a.blocks = append(a.blocks, block)
			continue
		}
		known[block.Type] = append(known[block.Type], block)
	}
	schemas := f.schemas()
	l.bySchema(body, content, schemas[0], known, a.config, &a)
	for _, schema := range schemas[1:] {
		config := map[string]any{}
		l.bySchema(body, content, schema, known, config, &a)
		a.apart = append(a.apart, config)
	}
	return a
}

// bySchema decodes the arguments and blocks of one schema into its configuration.
func (l *loader) bySchema(body hcl.Body, content *hcl.BodyContent, of Schema, blocks map[string]hcl.Blocks, config map[string]any, a *arguments) {
	for _, schema := range of.Attributes {
		attribute := content.Attributes[schema.Name]
		if attribute == nil && schema.Required {
			_, phrase := ctyType(schema.Type)
			l.missing(body, schema.Name, " It takes "+phrase+"."+noteOn(schema))
		}
		value, given, ok := l.argument(schema, attribute, a)
		if given {
			a.ranges[schema.Name] = attribute.Expr.Range()
		}
		if !ok || !given {
			a.bad[schema.Name] = !ok || schema.Required
			value = nil
			if schema.Default != nil {
				value, _ = decodeJSON(schema.Default)
			}
		}
		config[schema.Name] = value
	}
	for _, schema := range of.Attributes {
		if when := schema.When; when != nil && a.given(schema.Name) && !a.bad[when.Attribute] && config[when.Attribute] != when.Is {
			l.error(content.Attributes[schema.Name].NameRange, "Unused argument", "%s is read with %s = %q, and %s is %q. Remove it, or write %s = %q.",
				schema.Name, when.Attribute, when.Is, when.Attribute, config[when.Attribute], when.Attribute, when.Is)
		}
	}
	for _, schema := range of.Blocks {
		l.nestedBySchema(schema, blocks[schema.Type], body, config, a)
	}
}

// missing reports an argument that a body must have.
func (l *loader) missing(body hcl.Body, name, detail string) {
	l.error(body.MissingItemRange(), "Missing required argument", "Add the argument %s = ... to this block.%s", name, detail)
}

// nestedBySchema decodes the blocks of one type into config: an object under the type,
// or an object of objects by label. Absent blocks are absent there, too.
func (l *loader) nestedBySchema(schema Block, blocks hcl.Blocks, body hcl.Body, config map[string]any, a *arguments) {
	if len(blocks) == 0 {
		if schema.Required {
			l.error(body.MissingItemRange(), "Missing block", "This block needs a block in it: %s { ... }.%s", schema.Type, note(schema.Type, schema.Summary))
		}
		return
	}
	if len(schema.Labels) == 0 {
		inner := l.decode(l.once(blocks).Body, form{schema: schema.Body})
		config[schema.Type] = inner.config
		a.paths = append(a.paths, inner.paths...)
		return
	}
	byLabel, first := map[string]any{}, map[string]hcl.Range{}
	for _, block := range blocks {
		label := block.Labels[0]
		if !slices.Contains(schema.Labels, label) {
			l.error(block.LabelRanges[0], "Unknown "+schema.Type, "There is no %s %q here.%s It may be %s.",
				schema.Type, label, diag.DidYouMean(label, schema.Labels), or(quoted(schema.Labels)))
			continue
		}
		if other, ok := first[label]; ok {
			l.error(block.DefRange, "Duplicate block", "This is a second block %s %q: the first is on line %d. Keep one of them.", schema.Type, label, other.Start.Line)
			continue
		}
		first[label] = block.DefRange
		inner := l.decode(block.Body, form{schema: schema.Body})
		byLabel[label] = inner.config
		a.paths = append(a.paths, inner.paths...)
	}
	config[schema.Type] = byLabel
}

// argument evaluates one argument by its schema. An argument that is null is
// as good as absent.
func (l *loader) argument(schema Attribute, attribute *hcl.Attribute, a *arguments) (value any, given, ok bool) {
	if attribute == nil {
		return nil, false, true
	}
	evaluated, ok := l.evaluate(attribute.Expr)
	if !ok {
		return nil, true, false
	}
	at := attribute.Expr.Range()
	if evaluated.IsNull() {
		if schema.Required {
			l.error(at, "Missing value", "%s must not be null.%s", schema.Name, noteOn(schema))
		}
		return nil, false, true
	}
	wanted, phrase := ctyType(schema.Type)
	fitting, err := converted(evaluated, wanted)
	if err != nil || !fitting.IsWhollyKnown() {
		l.error(at, "Wrong type", "%s takes %s, and %s.%s", schema.Name, phrase, mismatch(evaluated, wanted), noteOn(schema))
		return nil, true, false
	}
	value, err = JSON(fitting)
	if err != nil {
		l.error(at, "Wrong value", "%s: %v.%s", schema.Name, err, noteOn(schema))
		return nil, true, false
	}
	elements, list := value.([]any)
	if !list {
		elements = []any{value}
	}
	for i, element := range elements {
		element, problem := l.element(schema, element, at, a)
		if problem != "" {
			l.error(at, "Wrong value", "%s%s", problem, noteOn(schema))
			return nil, true, false
		}
		if element == nil {
			return nil, true, false
		}
		elements[i] = element
	}
	if list {
		return elements, true, true
	}
	return elements[0], true, true
}

// element checks a value, or an element of a list, against the schema's
// bounds. It returns the value as it goes into the configuration; nil after a
// mistake that is reported already.
func (l *loader) element(schema Attribute, value any, at hcl.Range, a *arguments) (element any, problem string) {
	switch v := value.(type) {
	case nil:
		return nil, fmt.Sprintf("%s must not hold null.", schema.Name)
	case float64, json.Number:
		n := float(v)
		whole := schema.Type.Element() == "integer"
		if whole && n != math.Trunc(n) && schema.Type != "integer" {
			return nil, fmt.Sprintf("%s takes whole numbers, and one of these is %v.", schema.Name, v)
		}
		if whole && n != math.Trunc(n) {
			return nil, fmt.Sprintf("%s takes a whole number, and this is %v.", schema.Name, v)
		}
		if whole && !fits(value) {
			return nil, fmt.Sprintf("%s takes a whole number of at most 64 bits, and this is %v.", schema.Name, v)
		}
		if schema.Minimum != nil && n < *schema.Minimum {
			return nil, fmt.Sprintf("%s must be at least %v, and this is %v.", schema.Name, *schema.Minimum, v)
		}
		if schema.Maximum != nil && n > *schema.Maximum {
			return nil, fmt.Sprintf("%s must be at most %v, and this is %v.", schema.Name, *schema.Maximum, v)
		}
	case string:
		if len(schema.OneOf) > 0 && !slices.Contains(schema.OneOf, v) {
			return nil, fmt.Sprintf("%s must be %s, and this is %q.%s", schema.Name, or(quoted(schema.OneOf)), v, diag.DidYouMean(v, schema.OneOf))
		}
		if schema.Path {
			path, ok := l.file(schema, v, at)
			if !ok {
				return nil, ""
			}
			a.paths = append(a.paths, path)
			return path, ""
		}
	}
	return value, ""
}

// fits reports whether a whole number fits into 64 bits, with or without sign.
func fits(value any) bool {
	n, ok := value.(json.Number)
	if !ok {
		return math.Abs(float(value)) < exact // JSON makes a json.Number of larger ones
	}
	_, unsigned := strconv.ParseUint(n.String(), 10, 64)
	_, signed := strconv.ParseInt(n.String(), 10, 64)
	return unsigned == nil || signed == nil
}

// ctyType returns a schema's type, and its name for a sentence.
func ctyType(name Type) (cty.Type, string) {
	switch name {
	case "string":
		return cty.String, "a string"
	case "number":
		return cty.Number, "a number"
	case "integer":
		return cty.Number, "a whole number"
	case "bool":
		return cty.Bool, "true or false"
	case "list(string)":
		return cty.List(cty.String), "a list of strings"
	case "list(number)":
		return cty.List(cty.Number), "a list of numbers"
	case "list(integer)":
		return cty.List(cty.Number), "a list of whole numbers"
	}
	return cty.DynamicPseudoType, "a value"
}

// mismatch says what a value is that is not of the wanted type: "this is ...",
// or which element of it is not.
func mismatch(value cty.Value, wanted cty.Type) string {
	kind := value.Type()
	if wanted.IsListType() && (kind.IsTupleType() || kind.IsListType() || kind.IsSetType()) {
		for it := value.ElementIterator(); it.Next(); {
			_, element := it.Element()
			if _, err := convert.Convert(element, wanted.ElementType()); err != nil {
				return "one of these is " + describe(element)
			}
		}
	}
	return "this is " + describe(value)
}

// noteOn says what an argument is, to follow the sentences of a diagnostic.
func noteOn(a Attribute) string { return note(a.Name, a.Summary) }

func note(name, summary string) string {
	summary = strings.TrimSuffix(strings.TrimSpace(summary), ".")
	if summary == "" {
		return ""
	}
	return fmt.Sprintf(" (%s: %s)", name, summary)
}

// float returns a JSON number as a float64.
func float(value any) float64 {
	switch v := value.(type) {
	case float64:
		return v
	case json.Number:
		f, _ := v.Float64()
		return f
	}
	return 0
}

// at returns where an argument's value stands, or the fallback if it is absent.
func (a arguments) at(name string, fallback hcl.Range) hcl.Range {
	if r, ok := a.ranges[name]; ok {
		return r
	}
	return fallback
}

// given reports whether the argument is written, rightly or wrongly.
func (a arguments) given(name string) bool {
	_, ok := a.ranges[name]
	return ok
}

// text returns a string argument; "" if it is null.
func (a arguments) text(name string) string {
	s, _ := a.config[name].(string)
	return s
}

// number returns a number argument; 0 if it is null.
func (a arguments) number(name string) float64 { return float(a.config[name]) }

// integer returns a whole number; 0 if it is null.
func (a arguments) integer(name string) int { return int(a.number(name)) }

// integers returns a list of whole numbers.
func (a arguments) integers(name string) []int {
	list, _ := a.config[name].([]any)
	var all []int
	for _, element := range list {
		all = append(all, int(float(element)))
	}
	return all
}

// unsigned returns a whole number that is not negative, without loss.
func (a arguments) unsigned(name string) uint64 {
	if n, ok := a.config[name].(json.Number); ok {
		u, _ := strconv.ParseUint(n.String(), 10, 64)
		return u
	}
	return uint64(a.number(name))
}

// flag returns a bool argument; false if it is null.
func (a arguments) flag(name string) bool {
	b, _ := a.config[name].(bool)
	return b
}
