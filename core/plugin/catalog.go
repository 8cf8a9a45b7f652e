package plugin

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Catalog asks every plugin what it provides; of one that is locked, the lock is
// asked. Plugins that cannot be described are a diag.List; the catalog then holds the
// rest.
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
			mistakes = append(mistakes, naming(p.entry, slices.Clone(asList(failures[i])))...)
			continue
		}
		identity := spec.Identity{Plugin: p.entry.Name}
		if !p.builtin {
			identity.SHA256, identity.Contents = p.is()
			identity.Environment, identity.Device, identity.DType = descriptions[i].Environment, p.entry.Device, p.entry.DType
			identity.Variables = variables(os.Environ(), p.entry.Environment)
			identity.Range = p.entry.Range
		}
		for _, component := range descriptions[i].Components {
			identity.Component = component
			key := componentKey{string(component.Kind), component.Name}
			out[key] = append(out[key], identity)
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

// catalog implements spec.Catalog: who provides each component.
type catalog map[componentKey][]spec.Identity

var _ spec.Catalog = catalog(nil)

func (c catalog) Providers(kind, name string) []spec.Identity {
	plugin, component, qualified := strings.Cut(name, "/")
	if !qualified {
		return c[componentKey{kind, name}]
	}
	for _, identity := range c[componentKey{kind, component}] {
		if identity.Plugin == plugin {
			return []spec.Identity{identity}
		}
	}
	return nil
}

func (c catalog) Component(kind, name string) (spec.Identity, bool) {
	providers := c.Providers(kind, name)
	switch {
	case len(providers) == 1:
		return providers[0], true
	case len(providers) > 1 && providers[0].Builtin(): // which the host lists first
		return providers[0], true
	}
	return spec.Identity{}, false
}

func (c catalog) Names(kind string) []string {
	var names []string
	for key, providers := range c {
		if key.kind != kind {
			continue
		}
		if len(providers) == 1 {
			names = append(names, key.name)
			continue
		}
		for _, identity := range providers {
			names = append(names, identity.Plugin+"/"+key.name)
		}
	}
	slices.Sort(names)
	return names
}

// find returns the plugin that provides a component, and what the plugin calls it. A
// name without a plugin is the built-in's, or that of the first plugin that has it:
// they are asked in their order and no further than needed. That another cannot be
// described is only said if none provides the component.
func (h *Host) find(ctx context.Context, kind, name string) (*provider, string, error) {
	plugin, component, qualified := strings.Cut(name, "/")
	if !qualified {
		component = name
	}
	var mistakes diag.List
	var names []string
	for _, p := range h.providers {
		if qualified && p.entry.Name != plugin {
			continue
		}
		description, err := p.described(ctx)
		if err != nil {
			if ctx.Err() != nil || h.isStopped() {
				return nil, "", err
			}
			mistakes = append(mistakes, naming(p.entry, slices.Clone(asList(err)))...)
			continue
		}
		for _, c := range description.Components {
			if string(c.Kind) != kind {
				continue
			}
			if c.Name == component {
				return p, component, nil
			}
			names = append(names, c.Name)
		}
	}
	if mistakes.HasErrors() {
		return nil, "", mistakes
	}
	slices.Sort(names)
	return nil, "", diag.Errorf(diag.Range{}, fmt.Sprintf("No plugin provides %s %q", kind, name), "There are: %q. Is a plugin block missing?", names)
}
