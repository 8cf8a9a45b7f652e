package reference

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// node is a JSON Schema.
type node map[string]any

// WriteJSONSchema writes a JSON Schema (draft 2020-12) of experiments in JSON. What
// only a run of the loader can tell, such as whether a reference leads anywhere, it
// leaves to the loader; blocks of components that it does not know may hold anything.
func (r Reference) WriteJSONSchema(w io.Writer) error {
	properties := node{}
	for _, block := range r.Experiment {
		inner := r.construct(block)
		for _, repeated := range block.Blocks { // in rounds, as outside of them
			if outside, ok := properties[repeated.Type]; ok && block.Type == "rounds" {
				inner["properties"].(node)[repeated.Type] = outside
			}
		}
		switch {
		case block.Type == "locals": // any names
			properties[block.Type] = described(severally(node{"type": "object"}), block.Summary)
		case slices.Contains(block.Labels, "component"):
			properties[block.Type] = r.components(block)
		case slices.Contains(block.Labels, schema.WeightedSum): // a reward of the language itself
			rewards := properties[block.Type].(node)["properties"].(node)
			rewards[schema.WeightedSum] = described(labelled(severally(inner), block.Labels[1:]), block.Summary)
		default:
			if block.Many || len(block.Labels) > 0 {
				inner = severally(inner)
			}
			properties[block.Type] = described(labelled(inner, block.Labels), block.Summary)
		}
	}
	all := object(properties)
	all["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	all["title"] = "An experiment of Plumb, in JSON"
	all["required"] = []string{"experiment"}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(all)
}

// components is what stands under a kind of components: their names, and under each
// the blocks by theirs.
func (r Reference) components(block spec.Construct) node {
	known := node{}
	for _, component := range r.Components {
		if string(component.Kind) != block.Type {
			continue
		}
		one := block
		one.Schema = component.Schema
		known[component.Name] = described(labelled(severally(r.construct(one)), []string{"name"}), abilities(component))
	}
	// Another component's arguments are for its plugin to know.
	return described(node{
		"type": "object", "properties": known,
		"additionalProperties": labelled(severally(node{"type": "object"}), []string{"name"}),
	}, block.Summary)
}

// construct is the body of a block.
func (r Reference) construct(c spec.Construct) node {
	properties, required := node{}, []string{}
	for _, value := range c.Values {
		properties[value.Name] = described(node{}, ofValue(value)+": "+value.Summary)
		if value.Required {
			required = append(required, value.Name)
		}
	}
	required = append(required, attributes(properties, c.Schema)...)
	for _, inner := range c.Blocks {
		body := r.construct(inner)
		if inner.Many || len(inner.Labels) > 0 {
			body = severally(body)
		}
		if inner.Type == "loss" {
			properties[inner.Type] = r.losses(inner)
			continue
		}
		properties[inner.Type] = described(labelled(body, inner.Labels), inner.Summary)
	}
	if c.Type == "finetune" {
		for _, component := range r.Components {
			attributes(properties, component.Tuning) // of whichever sampler; whether of this one the loader knows
		}
	}
	body := object(properties)
	if len(required) > 0 {
		body["required"] = required
	}
	return body
}

// losses are the losses that some component has. A third party's may have others.
func (r Reference) losses(block spec.Construct) node {
	named := node{}
	for _, component := range r.Components {
		for _, loss := range component.Losses {
			one := block
			one.Schema.Attributes = append(append([]schema.Attribute{}, block.Schema.Attributes...), loss.Schema.Attributes...)
			one.Schema.Blocks = loss.Schema.Blocks
			named[loss.Name] = described(severally(r.construct(one)), ofLoss(loss))
		}
	}
	return described(node{"type": "object", "properties": named, "additionalProperties": severally(node{"type": "object"})}, block.Summary)
}

// attributes adds the arguments and blocks of a schema, and returns what is required
// of them.
func attributes(properties node, body schema.Schema) (required []string) {
	for _, a := range body.Attributes {
		properties[a.Name] = ofType(a)
		if a.Required {
			required = append(required, a.Name)
		}
	}
	for _, b := range body.Blocks {
		inner := node{}
		needed := attributes(inner, b.Body)
		one := object(inner)
		if len(needed) > 0 {
			one["required"] = needed
		}
		if len(b.Labels) > 0 {
			under := node{}
			for _, label := range b.Labels {
				under[label] = one
			}
			one = object(under)
		}
		properties[b.Type] = described(one, b.Summary)
		if b.Required {
			required = append(required, b.Type)
		}
	}
	return required
}

// ofType is the value of an argument: of its type, an expression in a text, or null.
func ofType(a schema.Attribute) node {
	value := node{}
	element := value
	kind := string(a.Type)
	if inner, ok := strings.CutPrefix(kind, "list("); ok {
		element = node{}
		value["type"], value["items"] = "array", element
		kind = strings.TrimSuffix(inner, ")")
	}
	element["type"] = map[string]string{"bool": "boolean"}[kind]
	if element["type"] == "" {
		element["type"] = kind
	}
	if len(a.OneOf) > 0 {
		element["enum"] = a.OneOf
	}
	if a.Minimum != nil {
		element["minimum"] = *a.Minimum
	}
	if a.Maximum != nil {
		element["maximum"] = *a.Maximum
	}
	choice := node{"anyOf": []node{value, expression, {"type": "null"}}}
	if a.Default != nil {
		choice["default"] = json.RawMessage(a.Default)
	}
	return described(choice, ofAttribute(a)+": "+a.Summary)
}

// expression is an expression in a text.
var expression = node{"type": "string", "pattern": `\$\{`}

// object is an object that takes these properties alone, and a comment.
func object(properties node) node {
	properties["//"] = node{"description": "a comment"}
	return node{"type": "object", "properties": properties, "additionalProperties": false}
}

// severally is a block, or a list of blocks.
func severally(block node) node {
	return node{"anyOf": []node{block, {"type": "array", "items": block}}}
}

// labelled puts a block under its labels.
func labelled(block node, labels []string) node {
	for range labels {
		block = node{"type": "object", "additionalProperties": block}
	}
	return block
}

func described(n node, words string) node {
	n["description"] = strings.TrimSuffix(words, ": ")
	return n
}
