package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// builtinPlugin is what keys and records call the plugin that comes with Plumb.
const builtinPlugin = "builtin"

// catalog knows the components of an experiment. Those built in are asked in
// this process, which starts nothing; those of other plugins through the host.
type catalog struct {
	builtin map[place]sdk.Component
	others  spec.Catalog // nil: no other plugins
	host    *plugin.Host
	context context.Context // of the one command that this catalog lives for
}

type place struct{ kind, name string }

var (
	_ spec.Catalog    = (*catalog)(nil)
	_ plan.Identities = (*catalog)(nil)
)

func builtinCatalog(p sdk.Plugin) *catalog {
	c := &catalog{builtin: map[place]sdk.Component{}}
	for _, component := range p.Components {
		c.builtin[place{string(component.Kind), component.Name}] = component
	}
	return c
}

// Component implements spec.Catalog.
func (c *catalog) Component(kind, name string) (schema.Component, bool) {
	if component, ok := c.builtin[place{kind, name}]; ok {
		return component.Description, true
	}
	if c.others != nil {
		return c.others.Component(kind, name)
	}
	return schema.Component{}, false
}

// Names implements spec.Catalog.
func (c *catalog) Names(kind string) []string {
	var names []string
	for place := range c.builtin {
		if place.kind == kind {
			names = append(names, place.name)
		}
	}
	if c.others != nil {
		names = append(names, c.others.Names(kind)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Identity implements plan.Identities.
func (c *catalog) Identity(kind, name string) (plan.Identity, bool) {
	if component, ok := c.builtin[place{kind, name}]; ok {
		return plan.Identity{
			Plugin:      builtinPlugin,
			CodeVersion: component.CodeVersion,
			Batch:       component.PreferredBatch,
			NeedsDevice: component.NeedsDevice,
			CanTune:     slices.Contains(component.Capabilities, sdk.CapabilityTune),
			CanPrepare:  slices.Contains(component.Capabilities, sdk.CapabilityPrepare),
			CanFit:      slices.Contains(component.Capabilities, sdk.CapabilityFit),
		}, true
	}
	if c.host == nil {
		return plan.Identity{}, false
	}
	identity, err := c.host.Identity(c.context, kind, name)
	if err != nil {
		return plan.Identity{}, false
	}
	return plan.Identity{
		Plugin:      identity.Plugin,
		SHA256:      identity.SHA256,
		CodeVersion: identity.CodeVersion,
		Batch:       identity.PreferredBatch,
		NeedsDevice: identity.NeedsDevice,
		CanTune:     slices.Contains(identity.Capabilities, string(sdk.CapabilityTune)),
		CanPrepare:  slices.Contains(identity.Capabilities, string(sdk.CapabilityPrepare)),
		CanFit:      slices.Contains(identity.Capabilities, string(sdk.CapabilityFit)),
	}, true
}

// checkBuiltin refuses to go on with a built-in list that contradicts itself.
func checkBuiltin(p sdk.Plugin) error {
	if mistakes := p.Validate(); len(mistakes) > 0 {
		return fmt.Errorf("the built-in components: %w", mistakes)
	}
	return nil
}
