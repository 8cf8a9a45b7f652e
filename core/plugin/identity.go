package plugin

import (
	"context"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Identity is who computes: what belongs into a stage's key and record.
type Identity struct {
	Plugin         string // as the experiment calls it
	PluginVersion  string // as the plugin says
	Component      string
	CodeVersion    string
	SHA256         string // of the binary; empty for built-ins, which CodeVersion stands for
	Builtin        bool
	NeedsDevice    bool     // should not share an accelerator with other work
	PreferredBatch int      // images at once; 0: does not care
	Capabilities   []string // "tune", "prepare", "fit", "compare", "score_group"
}

// Identity returns who provides a component, starting plugins as needed.
func (h *Host) Identity(ctx context.Context, kind, component string) (Identity, error) {
	p, c, err := h.find(ctx, kind, component)
	if err != nil {
		return Identity{}, err
	}
	description, err := p.described(ctx)
	if err != nil {
		return Identity{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return Identity{
		Plugin:         p.entry.Name,
		PluginVersion:  description.Version,
		Component:      c.Name,
		CodeVersion:    c.CodeVersion,
		SHA256:         p.digest,
		Builtin:        p.builtin,
		NeedsDevice:    c.NeedsDevice,
		PreferredBatch: c.PreferredBatch,
		Capabilities:   capabilityNames(c.Capabilities),
	}, nil
}

// find returns the plugin that provides a component. It asks the plugins in
// their order and no further than needed; that another cannot be described is
// only said if none provides the component.
func (h *Host) find(ctx context.Context, kind, component string) (*provider, schema.Component, error) {
	var mistakes diag.List
	var names []string
	for _, p := range h.providers {
		description, err := p.described(ctx)
		if err != nil {
			if ctx.Err() != nil || h.isStopped() {
				return nil, schema.Component{}, err
			}
			mistakes = append(mistakes, naming(p.entry.Name, asList(err))...)
			continue
		}
		for _, c := range description.Components {
			if string(c.Kind) != kind {
				continue
			}
			if c.Name == component {
				return p, c, nil
			}
			names = append(names, c.Name)
		}
	}
	if mistakes.HasErrors() {
		return nil, schema.Component{}, mistakes
	}
	slices.Sort(names)
	return nil, schema.Component{}, mistake("no plugin provides %s %q", kind, component)("There are: %q. Is a plugin block missing?", names)
}

func capabilityNames(capabilities []schema.Capability) []string {
	out := make([]string, len(capabilities))
	for i, c := range capabilities {
		out[i] = string(c)
	}
	return out
}
