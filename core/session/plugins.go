package session

import (
	"context"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/spec"
)

// Catalog asks the plugins of an experiment what they provide, and plans nothing.
// Built-in components need no process to be asked. Kill the host.
func Catalog(ctx context.Context, experiment string, options Options) (spec.Catalog, *plugin.Host, error) {
	s := &Session{File: experiment, options: options, files: options.files()}
	components, err := s.catalog(ctx, experiment)
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return components, s.Host, nil
}

// catalog starts the host of an experiment's plugins and asks them.
func (s *Session) catalog(ctx context.Context, experiment string) (spec.Catalog, error) {
	named, problems := spec.LoadPlugins(ctx, experiment, s.specOptions())
	if problems.HasErrors() {
		named = nil // mistakes are told when all of the file is read
	}
	if len(named) > 0 {
		var err error
		if s.entries, err = lockedEntries(filepath.Dir(experiment), named); err != nil {
			return nil, err
		}
	}
	s.Host = s.newHost()
	return s.Host.Catalog(ctx)
}

// lockedEntries pins the plugins of an experiment by the lock file beside it.
func lockedEntries(dir string, named []spec.Plugin) ([]plugin.Entry, error) {
	locked := map[string]plugin.Entry{}
	path := filepath.Join(dir, plugin.LockFile)
	if _, err := os.Stat(path); err == nil {
		entries, problems := plugin.ReadLock(path)
		if err := problems.Err(); err != nil {
			return nil, err
		}
		for _, entry := range entries {
			locked[entry.Name] = entry
		}
	}
	var all []plugin.Entry
	for _, one := range named {
		all = append(all, plugin.Entry{Name: one.Name, Command: one.Source, SHA256: locked[one.Name].SHA256, Range: one.Range})
	}
	return all, nil
}
