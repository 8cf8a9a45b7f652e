package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/plugins/sdk/conformance"
)

func (p *program) pluginLockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lock FILE...",
		Short: "Run the plugins of experiments once, and write down what they are",
		Long: "Run the plugins that experiments or ablations name once, and write into\n" +
			plugin.LockFile + " beside them what they are: the digest of all that they are made\n" +
			"of, the versions of their interpreter and packages, and what they provide. A run\n" +
			"refuses what has changed since. Keep the file with the experiments.\n\n" +
			"Of a Python script with its packages in its header, uv chooses and fetches them\n" +
			"first: a run downloads nothing.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var all diag.List
			for _, file := range args {
				if err := missingFile(file); err != nil {
					return err
				}
				found, err := p.lock(command.Context(), file)
				if err != nil {
					return err
				}
				all = append(all, found...)
			}
			return all.Err()
		},
	}
}

// lock locks the plugins of an experiment. What is wrong with one keeps no other from
// being locked.
func (p *program) lock(ctx context.Context, file string) (diag.List, error) {
	options, err := p.sessionOptions()
	if err != nil {
		return nil, err
	}
	entries, lock, damage, err := session.Entries(ctx, file, options)
	if err != nil {
		return nil, err
	}
	for _, d := range damage {
		fmt.Fprintf(p.out, "%s\n", indent(fmt.Sprintf("%s line %d is not as it was written: %s", near(lock.Path), d.Subject.Start.Line, d.Summary), 2, 80))
	}
	if len(damage) > 0 {
		fmt.Fprintln(p.out, "what cannot be trusted is left out; lock plugins of other experiments again")
	}
	var mistakes diag.List
	for _, entry := range entries {
		before := entry.Lock
		entry.Lock, entry.Allowed = nil, true
		locked, err := p.lockOne(ctx, entry, options)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			var said diag.List
			if !errors.As(err, &said) {
				return nil, err
			}
			mistakes = append(mistakes, said...)
			continue
		}
		lock.Put(locked)
		state := "locked"
		if before != nil && before.SHA256 == locked.SHA256 {
			state = "locked as before"
		}
		fmt.Fprintf(p.out, "%s  %s\n", locked.Name, indent(state+": "+aboutLocked(locked), len(locked.Name)+2, 80))
	}
	for _, one := range lock.Unnamed() {
		fmt.Fprintf(p.out, "%s  taken out: no experiment beside the lock names it\n", one.Name)
		lock.Plugins = slices.DeleteFunc(lock.Plugins, func(other *plugin.Locked) bool { return other == one })
	}
	if len(entries) == 0 {
		fmt.Fprintf(p.out, "%s names no plugins: there is nothing to lock\n", file)
		return nil, nil
	}
	if len(mistakes) == len(entries) {
		return mistakes, nil
	}
	if err := lock.Write(); err != nil {
		return nil, exit{exitFailed, err}
	}
	fmt.Fprintf(p.out, "written: %s\n", near(lock.Path))
	return mistakes, nil
}

func (p *program) lockOne(ctx context.Context, entry plugin.Entry, options session.Options) (*plugin.Locked, error) {
	out := p.logs
	if out == nil {
		out = io.Discard
	}
	if err := plugin.Prepare(ctx, entry, out); err != nil {
		return nil, err
	}
	host := plugin.NewHost(plugin.Options{Plugins: []plugin.Entry{entry}, Logs: p.logs})
	if options.Started != nil {
		options.Started(host)
	}
	defer host.Kill()
	locked, err := host.Lock(ctx, entry.Name)
	if err != nil {
		return nil, err
	}
	tried := &triedPlugin{Host: host, name: entry.Name, description: locked.Description}
	if err := conformance.CheckGolden(ctx, tried, locked.Description.Components, directoryOf(entry)); err != nil {
		var said diag.List
		if ctxEnded(err) || errors.As(err, &said) {
			return nil, err
		}
		if !errors.As(err, new(*conformance.GoldenError)) {
			return nil, diag.Errorf(entry.Place("source"), fmt.Sprintf("The golden scores of plugin %q cannot be compared", entry.Name),
				"%v\n\nMend what it says, or write the scores anew: plumb plugin check --write-golden.", err)
		}
		return nil, diag.Errorf(entry.Place("source"), fmt.Sprintf("Plugin %q does not give its golden scores", entry.Name),
			"%v\n\nIt ships images with the scores that it gave them, and gives others here: something that it depends on is not as its author had it. If the new scores are right, `plumb plugin check --write-golden` keeps them.", err)
	}
	return locked, nil
}

// directoryOf is where a plugin ships what belongs to it.
func directoryOf(entry plugin.Entry) string {
	if entry.Source == "" {
		return entry.Directory
	}
	path := entry.Beside(entry.Source)
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return filepath.Dir(path)
	}
	return path
}

// aboutLocked says in short what was locked.
func aboutLocked(locked *plugin.Locked) string {
	words := []string{"sha256 " + locked.SHA256[:12]}
	if n := len(locked.Contents); n > 0 {
		words = append(words, "of "+plural(n, "file or setting", "files and settings"))
	}
	if n := len(locked.Description.Environment); n > 0 {
		words = append(words, "with "+plural(n, "version", "versions")+" of interpreter and packages")
	}
	text := strings.Join(words, " ")
	var provides []string
	for _, component := range locked.Description.Components {
		provides = append(provides, fmt.Sprintf("%s %s", component.Kind, component.Name))
	}
	return text + "; it provides " + strings.Join(provides, ", ")
}

func near(path string) string {
	if here, err := filepath.Abs("."); err == nil {
		if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
			return short
		}
	}
	return path
}
