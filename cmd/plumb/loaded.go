package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
)

// loaded is a session, and the program whose flags it was loaded with.
type loaded struct {
	*session.Session
	program *program
	again   string // what to type to run it again; empty: run FILE
}

// load reads an experiment or an ablation and plans it. Mistakes in it are a
// diag.List.
func (p *program) load(ctx context.Context, file string) (*loaded, error) {
	if err := missingFile(file); err != nil {
		return nil, err
	}
	return p.loadKnown(ctx, file)
}

// loadKnown is load of a file that may be in memory.
func (p *program) loadKnown(ctx context.Context, file string) (*loaded, error) {
	options, err := p.sessionOptions()
	if err != nil {
		return nil, err
	}
	defer collectLess()()
	s, err := await(ctx, func() (*session.Session, error) { return session.Load(ctx, file, options) })
	if err != nil {
		return nil, err
	}
	return &loaded{Session: s, program: p}, nil
}

// read is load without a look at what computes.
func (p *program) read(ctx context.Context, file string) (*loaded, error) {
	if err := missingFile(file); err != nil {
		return nil, err
	}
	return p.readKnown(ctx, file)
}

// readKnown is read of a file that may be in memory.
func (p *program) readKnown(ctx context.Context, file string) (*loaded, error) {
	options, err := p.sessionOptions()
	if err != nil {
		return nil, err
	}
	defer collectLess()()
	s, err := await(ctx, func() (*session.Session, error) { return session.Read(ctx, file, options) })
	if err != nil {
		return nil, err
	}
	return &loaded{Session: s, program: p}, nil
}

// collectLess lets garbage grow for as long as a file is read, and returns what ends
// that: nearly all that is made of an experiment stays, so that collecting finds
// little and takes a third of the time of 200,000 prompts. Whoever sets GOGC decides.
func collectLess() func() {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(400)
	return func() { debug.SetGCPercent(before) }
}

// sessionOptions is what flags, environment and this binary say of every session.
func (p *program) sessionOptions() (session.Options, error) {
	variables := map[string]string{}
	for _, text := range p.vars {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return session.Options{}, fmt.Errorf("-var %s: want NAME=VALUE", text)
		}
		variables[strings.TrimSpace(name)] = value
	}
	self, err := os.Executable()
	if err != nil {
		return session.Options{}, fmt.Errorf("find plumb's own binary: %w", err)
	}
	return session.Options{
		Variables:    variables,
		VarFiles:     p.varFiles,
		Files:        p.files,
		Store:        p.storePath(),
		Runs:         p.runsDir,
		Digests:      p.digests(),
		Hub:          p.hubCache(hub.Environment(os.Getenv)),
		Plugins:      plugin.Options{Builtin: plugin.BuiltinEntry(self, serveVerb), Logs: p.logs},
		AllowPlugins: p.allowPlugins,
		Builtin:      p.plugin.Components,
		Started:      func(host *plugin.Host) { p.onKill(host.Kill) },
		Backend:      p.backend,
		Resolve:      p.resolveBackend,
	}, nil
}

func (s *loaded) forecast() (*run.Forecast, error) {
	forecast, err := s.Forecast()
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	return forecast, nil
}

// title names what was loaded.
func (s *loaded) title() string {
	what := "experiment"
	if s.Ablation {
		what = "ablation"
	}
	return fmt.Sprintf("%s %s: %s", what, s.Name, s.size())
}

// size counts what was planned.
func (s *loaded) size() string {
	text := plural(len(s.Plan.Nodes), "stage", "stages")
	if s.Ablation {
		text = plural(len(s.Plan.Variants), "variant", "variants") + ", " + text
	}
	return text
}
