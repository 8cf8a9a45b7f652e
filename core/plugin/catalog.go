package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
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
	var mistakes diag.List
	for i, p := range h.providers {
		if failures[i] != nil {
			mistakes = append(mistakes, naming(p.entry, asList(failures[i]))...)
			continue
		}
		for _, component := range descriptions[i].Components {
			key := componentKey{string(component.Kind), component.Name}
			if owner, taken := out[key]; taken {
				mistakes.Errorf(p.entry.Range, fmt.Sprintf("Both plugin %q and plugin %q provide %s %q", owner.Plugin, p.entry.Name, key.kind, key.name),
					"Remove one of the two plugin blocks, or rename the component in the plugin.")
				continue
			}
			out[key] = spec.Identity{Plugin: p.entry.Name, SHA256: p.sha256(), Component: component}
		}
	}
	return out, mistakes.Err()
}

// naming makes sure that diagnostics name their plugin, and point to the block
// that names it.
func naming(entry Entry, list diag.List) diag.List {
	for i, d := range list {
		if !strings.Contains(d.Summary+d.Detail, entry.Name) {
			list[i].Summary = "Plugin \"" + entry.Name + "\": " + d.Summary
		}
		if d.Subject.IsZero() {
			list[i].Subject = entry.Range
		}
	}
	return list
}

type componentKey struct{ kind, name string }

// catalog implements spec.Catalog.
type catalog map[componentKey]spec.Identity

var _ spec.Catalog = catalog(nil)

func (c catalog) Component(kind, name string) (spec.Identity, bool) {
	identity, ok := c[componentKey{kind, name}]
	return identity, ok
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

// find returns the plugin that provides a component. It asks the plugins in
// their order and no further than needed; that another cannot be described is
// only said if none provides the component.
func (h *Host) find(ctx context.Context, kind, component string) (*provider, error) {
	var mistakes diag.List
	var names []string
	for _, p := range h.providers {
		description, err := p.described(ctx)
		if err != nil {
			if ctx.Err() != nil || h.isStopped() {
				return nil, err
			}
			mistakes = append(mistakes, naming(p.entry, asList(err))...)
			continue
		}
		for _, c := range description.Components {
			if string(c.Kind) != kind {
				continue
			}
			if c.Name == component {
				return p, nil
			}
			names = append(names, c.Name)
		}
	}
	if mistakes.HasErrors() {
		return nil, mistakes
	}
	slices.Sort(names)
	return nil, diag.Errorf(diag.Range{}, fmt.Sprintf("No plugin provides %s %q", kind, component), "There are: %q. Is a plugin block missing?", names)
}
