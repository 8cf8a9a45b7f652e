package plugin

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
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
			out[key] = component
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
type catalog map[componentKey]schema.Component

var _ spec.Catalog = catalog(nil)

func (c catalog) Component(kind, name string) (schema.Component, bool) {
	component, ok := c[componentKey{kind, name}]
	return component, ok
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
