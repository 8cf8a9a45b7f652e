package plugin

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Catalog asks every plugin what it provides. Plugins that cannot be described,
// and components that two plugins provide, are a diag.List; the catalog then
// holds the rest.
func (h *Host) Catalog(ctx context.Context) (spec.Catalog, error) {
	descriptions := make([]*client.Description, len(h.providers))
	failures := make([]error, len(h.providers))
	var all sync.WaitGroup
	for i, p := range h.providers {
		all.Go(func() { descriptions[i], failures[i] = p.described(ctx) })
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	out := catalog{}
	owners := map[componentKey]string{}
	var mistakes diag.List
	for i, p := range h.providers {
		if failures[i] != nil {
			mistakes = append(mistakes, naming(p.entry.Name, asList(failures[i]))...)
			continue
		}
		for _, component := range descriptions[i].Components {
			key := componentKey{string(component.Kind), component.Name}
			if owner, taken := owners[key]; taken {
				mistakes = append(mistakes, mistake("both plugin %q and plugin %q provide %s %q", owner, p.entry.Name, key.kind, key.name)(
					"Remove one of the two plugin blocks, or rename the component in the plugin.")...)
				continue
			}
			owners[key] = p.entry.Name
			out[key] = componentToSpec(component)
		}
	}
	return out, mistakes.Err()
}

// naming makes sure that diagnostics name their plugin.
func naming(plugin string, list diag.List) diag.List {
	for i, d := range list {
		if !strings.Contains(d.Summary+d.Detail, plugin) {
			list[i].Summary = "Plugin \"" + plugin + "\": " + d.Summary
		}
	}
	return list
}

type componentKey struct{ kind, name string }

// catalog implements spec.Catalog.
type catalog map[componentKey]spec.ComponentSchema

var _ spec.Catalog = catalog(nil)

func (c catalog) Component(kind, name string) (spec.ComponentSchema, bool) {
	schema, ok := c[componentKey{kind, name}]
	return schema, ok
}

func (c catalog) Names(kind string) []string {
	var names []string
	for key := range c {
		if key.kind == kind {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	return names
}

func componentToSpec(c sdk.Component) spec.ComponentSchema {
	out := spec.ComponentSchema{
		Body:    schemaToSpec(c.Schema),
		CanTune: slices.Contains(c.Capabilities, sdk.CapabilityTune),
		CanFit:  slices.Contains(c.Capabilities, sdk.CapabilityFit),
	}
	for _, kind := range c.Uses {
		out.Uses = append(out.Uses, string(kind))
	}
	out.Tuning = schemaToSpec(c.Tuning)
	if len(c.Losses) > 0 {
		out.Losses = make(map[string]spec.Schema, len(c.Losses))
		for name, schema := range c.Losses {
			out.Losses[name] = schemaToSpec(schema)
		}
	}
	return out
}

func schemaToSpec(s sdk.Schema) spec.Schema {
	var out spec.Schema
	for _, a := range s.Attributes {
		out.Attributes = append(out.Attributes, spec.Attribute{
			Name:     a.Name,
			Type:     string(a.Type),
			Summary:  a.Summary,
			Required: a.Required,
			Default:  a.Default,
			Minimum:  a.Minimum,
			Maximum:  a.Maximum,
			OneOf:    a.OneOf,
			Path:     a.Path,
			Obtain:   a.Obtain,
			Hub:      a.Hub,
		})
	}
	for _, b := range s.Blocks {
		out.Blocks = append(out.Blocks, spec.Block{
			Type:     b.Type,
			Labels:   b.Labels,
			Summary:  b.Summary,
			Required: b.Required,
			Body:     schemaToSpec(b.Body),
		})
	}
	return out
}

// Listing is one line of what plugins provide, for people.
type Listing struct {
	Kind, Component, Summary string
	Plugin, PluginVersion    string
	Builtin                  bool
	Capabilities             []string
}

// Listings lists all components by kind and name. Plugins that cannot be
// described are a diag.List beside the rest.
func (h *Host) Listings(ctx context.Context) ([]Listing, error) {
	var out []Listing
	var mistakes diag.List
	for _, p := range h.providers {
		description, err := p.described(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			mistakes = append(mistakes, naming(p.entry.Name, asList(err))...)
			continue
		}
		for _, c := range description.Components {
			out = append(out, Listing{
				Kind:          string(c.Kind),
				Component:     c.Name,
				Summary:       c.Summary,
				Plugin:        p.entry.Name,
				PluginVersion: description.Version,
				Builtin:       p.builtin,
				Capabilities:  capabilityNames(c.Capabilities),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Listing) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Component, b.Component))
	})
	return out, mistakes.Err()
}
