package sdk

import (
	"fmt"
	"maps"
	"runtime"
)

// Plugin is what a binary serves.
type Plugin struct {
	Name       string // as the plugin block calls it: letters, digits, _ and -
	Version    string // for people; what decides about caches is Component.CodeVersion and the binary's digest
	Components []Component

	// Environment lists what the answers depend on beside the binary, with versions,
	// such as {"libfoo": "1.2"} of a library that is loaded when the plugin runs. The
	// version of Go is added. It goes into the keys of what the plugin computes.
	Environment map[string]string

	// Busy says what keeps calls from getting on beside their own work, for people
	// who watch: "a program is being compiled, 12 s". Empty: nothing does. It is asked
	// every two seconds of a call, and must not block; nil: nothing ever does.
	Busy func() string
	// Repairs returns what was found damaged in the plugin's own caches since it was
	// asked last, each as a sentence (see Repaired). It is asked when a call ends, and
	// every two seconds of it; nil: nothing ever is.
	Repairs func() []string
}

// environment is what Environment says, and Go's version.
func (p Plugin) environment() map[string]string {
	out := map[string]string{"go": runtime.Version()}
	maps.Copy(out, p.Environment)
	return out
}

// repairs is what Repairs says.
func (p Plugin) repairs() []string {
	if p.Repairs == nil {
		return nil
	}
	return p.Repairs()
}

// busy is what Busy says.
func (p Plugin) busy() string {
	if p.Busy == nil {
		return ""
	}
	return p.Busy()
}

// Validate finds the mistakes in a plugin's own description: doubled names,
// unknown kinds and types, defaults that do not fit their attribute. The host
// refuses a plugin that has any.
func (p Plugin) Validate() Diagnostics {
	descriptions := make([]Description, len(p.Components))
	for i, c := range p.Components {
		descriptions[i] = c.Description
	}
	out := ValidateDescriptions(p.Name, descriptions)
	for _, c := range p.Components {
		if c.Open == nil {
			out.Addf(fmt.Sprintf("%s %q has no Open", c.Kind, c.Name), "")
		}
		switch declared := c.Has(CapabilityCheckPrompts); {
		case declared && c.CheckPrompts == nil:
			out.Addf(fmt.Sprintf("%s %q declares the capability %q and has no CheckPrompts", c.Kind, c.Name, CapabilityCheckPrompts), "")
		case !declared && c.CheckPrompts != nil:
			out.Addf(fmt.Sprintf("%s %q has CheckPrompts and does not declare the capability %q", c.Kind, c.Name, CapabilityCheckPrompts), "")
		}
	}
	return out
}

// ValidateDescriptions is the part of Validate that needs no code: what a host
// holds against a plugin in any language.
func ValidateDescriptions(plugin string, components []Description) Diagnostics {
	var out Diagnostics
	if plugin == "" {
		out.Addf("the plugin has no name", "")
	}
	type key struct {
		kind Kind
		name string
	}
	seen := map[key]bool{}
	for _, c := range components {
		if seen[key{c.Kind, c.Name}] {
			out.Addf(fmt.Sprintf("%s %q is listed twice", c.Kind, c.Name), "")
		}
		seen[key{c.Kind, c.Name}] = true
		for _, mistake := range c.Mistakes() {
			out.Addf(fmt.Sprintf("%s %q %s", c.Kind, c.Name, mistake), "")
		}
	}
	return out
}
