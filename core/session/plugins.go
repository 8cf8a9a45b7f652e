package session

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/ablation"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/spec"
)

// Catalog asks the plugins of an experiment what they provide, and plans nothing.
// Built-in components need no process to be asked. Kill the host.
func Catalog(ctx context.Context, experiment string, options Options) (spec.Catalog, *plugin.Host, error) {
	s := newSession(experiment, options)
	components, err := s.catalog(ctx, experiment)
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return components, s.Host, nil
}

// Entries are the plugins that an experiment, or that of an ablation, names, with what
// the lock file beside it has of them. What is wrong with that file is no error: whoever
// asks may be about to write it.
func Entries(ctx context.Context, file string, options Options) (entries []plugin.Entry, lock *plugin.Lock, damage diag.List, err error) {
	s := newSession(file, options)
	defer s.Close()
	if ablation.IsAblation(s.options.Files, file) {
		loaded, found := ablation.Load(ctx, file, ablation.Options{Files: s.options.Files})
		if err := found.Err(); err != nil {
			return nil, nil, nil, err
		}
		file = loaded.Experiment
	}
	named, problems := spec.LoadPlugins(ctx, file, s.specOptions())
	if err := problems.Err(); err != nil {
		return nil, nil, nil, err
	}
	entries, lock, damage = s.locked(filepath.Dir(file), named, false)
	return entries, lock, damage, nil
}

// catalog starts the host of an experiment's plugins and asks them.
func (s *Session) catalog(ctx context.Context, experiment string) (spec.Catalog, error) {
	named, problems := spec.LoadPlugins(ctx, experiment, s.specOptions())
	if problems.HasErrors() {
		named = nil // mistakes are told when all of the file is read
	}
	s.named = named
	if len(named) > 0 {
		entries, lock, damage := s.locked(filepath.Dir(experiment), named, s.options.AllowPlugins)
		if err := damage.Err(); err != nil {
			return nil, err
		}
		s.entries = entries
		for _, one := range lock.Unnamed() {
			s.Warnings.Warningf(one.Range, fmt.Sprintf("The lock has a plugin %q that nobody names", one.Name),
				"No experiment beside it has a plugin block of that name. `plumb plugin lock` with any of them takes it out.")
		}
	}
	s.Host = s.newHost()
	return s.Host.Catalog(ctx)
}

// locked joins the plugins of an experiment with the lock file beside it.
func (s *Session) locked(dir string, named []spec.Plugin, allowed bool) ([]plugin.Entry, *plugin.Lock, diag.List) {
	lock, damage := plugin.ReadLock(dir, s.options.Files)
	var all []plugin.Entry
	for _, one := range named {
		all = append(all, plugin.Entry{Plugin: one, Lock: lock.Of(one), Other: lock.Other(one), Allowed: allowed})
		for i, d := range damage {
			if strings.Contains(d.Summary, fmt.Sprintf("plugin %q", one.Name)) {
				damage[i].Detail += fmt.Sprintf(" The block that names it is in %s, line %d.", one.Range.File, one.Range.Start.Line)
			}
		}
	}
	return all, lock, damage
}

// samePlugins refuses an ablation that varies a plugin: all variants run the same.
func (s *Session) samePlugins(variant *spec.Spec) error {
	if spec.SamePlugins(s.named, variant.Plugins) {
		return nil
	}
	at := diag.Range{File: s.File}
	if len(variant.Plugins) > 0 {
		at = variant.Plugins[0].Range
	}
	return diag.Errorf(at, "A variant has another plugin", "Variants of an ablation run the same plugins, and a value of its table changes what a plugin block says. Write an experiment of its own for the other plugin, or give both plugins a block.")
}
