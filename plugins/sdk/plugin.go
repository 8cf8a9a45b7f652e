package sdk

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Plugin is what a binary serves.
type Plugin struct {
	Name       string // as the plugin block calls it: letters, digits, _ and -
	Version    string // for people; what decides about caches is Component.CodeVersion and the binary's digest
	Components []Component
}

// Validate finds the mistakes in a plugin's own description: doubled names,
// unknown kinds and types, defaults that do not fit their attribute. The host
// refuses a plugin that has any.
func (p Plugin) Validate() Diagnostics {
	var out Diagnostics
	add := func(format string, arguments ...any) {
		out = append(out, Diagnostic{Severity: SeverityError, Summary: fmt.Sprintf(format, arguments...)})
	}
	if p.Name == "" {
		add("the plugin has no name")
	}
	kinds := []Kind{KindSampler, KindReward, KindRater, KindEncoder}
	capabilities := map[Capability][]Kind{
		CapabilityTune:    {KindSampler},
		CapabilityPrepare: {KindSampler},
		CapabilityFit:     {KindReward, KindRater, KindEncoder},
		CapabilityCompare: {KindRater},
		CapabilityGroup:   {KindReward},
	}
	type key struct {
		kind Kind
		name string
	}
	seen := map[key]bool{}
	for _, c := range p.Components {
		where := fmt.Sprintf("%s %q", c.Kind, c.Name)
		if !slices.Contains(kinds, c.Kind) {
			add("%s is of an unknown kind", where)
		}
		if c.Name == "" {
			add("a %s has no name", c.Kind)
		}
		if seen[key{c.Kind, c.Name}] {
			add("%s is listed twice", where)
		}
		seen[key{c.Kind, c.Name}] = true
		if c.Open == nil {
			add("%s has no Open", where)
		}
		for _, kind := range c.Uses {
			if !slices.Contains(kinds, kind) {
				add("%s uses a component of an unknown kind, %q", where, kind)
			}
		}
		for _, capability := range c.Capabilities {
			if allowed, ok := capabilities[capability]; !ok {
				add("%s declares an unknown capability, %q", where, capability)
			} else if !slices.Contains(allowed, c.Kind) {
				add("%s cannot have the capability %q: it is for %v", where, capability, allowed)
			}
		}
		if len(c.Losses) > 0 && !slices.Contains(c.Capabilities, CapabilityTune) {
			add("%s lists losses without the capability %q", where, CapabilityTune)
		}
		for _, mistake := range c.Schema.mistakes() {
			add("%s: %s", where, mistake)
		}
		if len(c.Tuning.Attributes)+len(c.Tuning.Blocks) > 0 && !slices.Contains(c.Capabilities, CapabilityTune) {
			add("%s describes a fine-tuning without the capability %q", where, CapabilityTune)
		}
		for _, mistake := range c.Tuning.mistakes() {
			add("%s: fine-tuning: %s", where, mistake)
		}
		for name, schema := range c.Losses {
			for _, mistake := range schema.mistakes() {
				add("%s: loss %q: %s", where, name, mistake)
			}
		}
	}
	return out
}

// mistakes are the schema's own, not those of a block written against it.
func (s Schema) mistakes() []string {
	var out []string
	names := map[string]bool{}
	claim := func(name string) {
		if name == "" {
			out = append(out, "an attribute or block has no name")
		} else if names[name] {
			out = append(out, fmt.Sprintf("%s is declared twice", name))
		}
		names[name] = true
	}
	for _, a := range s.Attributes {
		claim(a.Name)
		for _, mistake := range a.mistakes() {
			out = append(out, fmt.Sprintf("attribute %s: %s", a.Name, mistake))
		}
	}
	for _, b := range s.Blocks {
		claim(b.Type)
		for _, mistake := range b.Body.mistakes() {
			out = append(out, fmt.Sprintf("block %s: %s", b.Type, mistake))
		}
	}
	return out
}

func (a Attribute) mistakes() []string {
	var out []string
	numeric := a.Type == TypeNumber || a.Type == TypeInteger || a.Type == TypeNumberList
	textual := a.Type == TypeString || a.Type == TypeStringList
	if !numeric && !textual && a.Type != TypeBool {
		return []string{fmt.Sprintf("%q is not a type", a.Type)}
	}
	if (a.Minimum != nil || a.Maximum != nil) && !numeric {
		out = append(out, "only numbers have a minimum or maximum")
	}
	if a.Minimum != nil && a.Maximum != nil && *a.Minimum > *a.Maximum {
		out = append(out, "the minimum is above the maximum")
	}
	if len(a.OneOf) > 0 && !textual {
		out = append(out, "only strings are one of a list")
	}
	if a.Path && a.Type != TypeString {
		out = append(out, "only a string is a path")
	}
	if len(a.Hub) > 0 && !a.Path {
		out = append(out, "only a path names a model on the hub")
	}
	if a.Default == nil {
		return out
	}
	if a.Required {
		out = append(out, "what is required has no default")
	}
	if mistake := a.refuses(a.Default); mistake != "" {
		out = append(out, fmt.Sprintf("default %s: %s", a.Default, mistake))
	}
	return out
}

// refuses says why a JSON value does not fit the attribute, or nothing.
func (a Attribute) refuses(value json.RawMessage) string {
	var decoded any
	if err := json.Unmarshal(value, &decoded); err != nil {
		return "is not JSON: " + err.Error()
	}
	elements := []any{decoded}
	if a.Type == TypeStringList || a.Type == TypeNumberList {
		list, ok := decoded.([]any)
		if !ok {
			return "is not a list"
		}
		elements = list
	}
	for _, element := range elements {
		switch v := element.(type) {
		case string:
			if a.Type != TypeString && a.Type != TypeStringList {
				return fmt.Sprintf("is not a %s", a.Type)
			}
			if len(a.OneOf) > 0 && !slices.Contains(a.OneOf, v) {
				return fmt.Sprintf("is not one of %q", a.OneOf)
			}
		case float64:
			if a.Type != TypeNumber && a.Type != TypeInteger && a.Type != TypeNumberList {
				return fmt.Sprintf("is not a %s", a.Type)
			}
			if a.Type == TypeInteger && v != math.Trunc(v) {
				return "is not an integer"
			}
			if a.Minimum != nil && v < *a.Minimum {
				return fmt.Sprintf("is below %v", *a.Minimum)
			}
			if a.Maximum != nil && v > *a.Maximum {
				return fmt.Sprintf("is above %v", *a.Maximum)
			}
		case bool:
			if a.Type != TypeBool {
				return fmt.Sprintf("is not a %s", a.Type)
			}
		default:
			return fmt.Sprintf("is not a %s", a.Type)
		}
	}
	return ""
}
