package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/ablation"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/imagefolder"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// session is a file that was read and planned, with all that running it needs.
type session struct {
	program     *program
	file        string
	name        string
	description string
	baseline    string // of an ablation
	ablation    bool
	measure     []string   // metrics that an ablation asks for
	declared    diag.Range // where it does
	plan        *plan.Plan
	environment plan.Environment
	warnings    diag.List
	host        *plugin.Host // nil until the catalog is open
	store       *store.Store // nil until it is needed

	repositories []spec.Repository // on Hugging Face's hub, of all variants
}

// load reads an experiment or an ablation and plans it. Mistakes in it are a
// diag.List.
func (p *program) load(ctx context.Context, file string) (*session, error) {
	s := &session{program: p, file: file}
	sources, err := s.read(ctx)
	if err != nil {
		s.close()
		return nil, err
	}
	if err := s.environ(ctx, sources[0].Spec.Compute.Backend); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// specOptions is what every reading of an experiment has in common.
func (p *program) specOptions(ctx context.Context) (spec.Options, error) {
	variables := map[string]string{}
	for _, text := range p.vars {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return spec.Options{}, fmt.Errorf("-var %s: want NAME=VALUE", text)
		}
		variables[strings.TrimSpace(name)] = value
	}
	scan := func(folder imagefolder.Folder) (imagefolder.Inventory, error) { return folder.Scan(ctx, p.digests()) }
	return spec.Options{
		Variables: variables, VarFiles: p.varFiles, Sources: p.sources, Digest: p.digests().Path, Scan: scan,
		Hub: p.hubCache(hub.Environment(os.Getenv)),
	}, nil
}

// openCatalog asks the plugins of an experiment what they provide. The built-in
// components need no process to be asked.
func (p *program) openCatalog(ctx context.Context, experiment string) (spec.Catalog, *plugin.Host, error) {
	options, err := p.specOptions(ctx)
	if err != nil {
		return nil, nil, err
	}
	named, problems := spec.LoadPlugins(experiment, options)
	if problems.HasErrors() {
		named = nil // mistakes are told when all of the file is read
	}
	var entries []plugin.Entry
	if len(named) > 0 {
		if entries, err = lockedEntries(filepath.Dir(experiment), named); err != nil {
			return nil, nil, err
		}
	}
	host, err := p.newHost(entries)
	if err != nil {
		return nil, nil, err
	}
	components, err := host.Catalog(ctx)
	if err != nil {
		host.Kill()
		return nil, nil, err
	}
	return components, host, nil
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

func (p *program) newHost(entries []plugin.Entry) (*plugin.Host, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find plumb's own binary: %w", err)
	}
	builtin := make([]sdk.Description, len(p.plugin.Components))
	for i, component := range p.plugin.Components {
		builtin[i] = component.Description
	}
	host := plugin.NewHost(plugin.Options{
		Builtin:    plugin.Entry{Command: self, Args: []string{serveVerb}},
		Components: builtin,
		Plugins:    entries,
		Logs:       p.logs,
	})
	p.onKill(host.Kill)
	return host, nil
}

// environ finds out what computes. A backend is opened in a process of its
// own: a GPU must not be held by the process that only plans.
func (s *session) environ(ctx context.Context, declared string) error {
	backend := s.program.backend
	if backend == "" {
		backend = declared
	}
	resolved, device, err := s.program.resolveBackend(ctx, backend)
	if err != nil {
		return err
	}
	s.environment = plan.Environment{Backend: resolved, Device: device, DType: "float32", Libraries: libraries()}
	return nil
}

// resolveBackend names the backend that a name stands for, and its device.
func (p *program) resolveBackend(ctx context.Context, name string) (backend, device string, err error) {
	if name == "go" {
		return "go", "cpu", nil // always there, so nothing to look for
	}
	self, err := os.Executable()
	if err != nil {
		return "", "", fmt.Errorf("find plumb's own binary: %w", err)
	}
	out, err := exec.CommandContext(ctx, self, backendVerb, name).Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return "", "", diag.List{{
			Severity: diag.Error,
			Summary:  fmt.Sprintf("The compute backend %q cannot be used", name),
			Detail:   strings.TrimSpace(string(ended.Stderr)) + "\n\n`plumb doctor` says what there is on this machine.",
		}}
	}
	if err != nil {
		return "", "", err
	}
	backend, device, _ = strings.Cut(strings.TrimSpace(string(out)), "\t")
	return backend, device, nil
}

// lacking is what a run cannot begin without. People's labels and comparisons are
// not among it: what they are given to has to be drawn first.
func (s *session) lacking() diag.List {
	var list diag.List
	for _, node := range s.plan.Nodes {
		switch node.Work.(type) {
		case *plan.RateWork, *plan.CompareWork:
			if node.Instance == nil {
				continue
			}
		}
		for _, one := range node.Lacks {
			one.Severity = diag.Error
			if !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	return list
}

// openStore opens the store once.
func (s *session) openStore() error {
	if s.store != nil {
		return nil
	}
	opened, err := s.program.openStore()
	s.store = opened
	return err
}

func (s *session) forecast() (*run.Forecast, error) {
	if err := s.openStore(); err != nil {
		return nil, err
	}
	forecast, err := run.Predict(s.plan, s.store, s.environment)
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	return forecast, nil
}

func (s *session) close() {
	if s.host != nil {
		s.host.Kill()
	}
	if s.store != nil {
		s.store.Close()
	}
}

// title names what was loaded.
func (s *session) title() string {
	what := "experiment"
	if s.ablation {
		what = "ablation"
	}
	return fmt.Sprintf("%s %s: %s", what, s.name, s.size())
}

// size counts what was planned.
func (s *session) size() string {
	text := plural(len(s.plan.Nodes), "stage", "stages")
	if s.ablation {
		text = plural(len(s.plan.Variants), "variant", "variants") + ", " + text
	}
	return text
}

// read loads the file, an experiment or an ablation of one, and plans it.
func (s *session) read(ctx context.Context) ([]plan.Source, error) {
	options, err := s.program.specOptions(ctx)
	if err != nil {
		return nil, err
	}
	var sources []plan.Source
	var components spec.Catalog
	if ablation.IsAblation(s.file) {
		sources, components, err = s.readAblation(ctx, options)
	} else {
		sources, components, err = s.readExperiment(ctx, options)
	}
	if err != nil {
		return nil, err
	}
	if s.plan, err = plan.Build(sources, components); err != nil {
		return sources, err
	}
	return sources, s.checkMeasured()
}

func (s *session) readExperiment(ctx context.Context, options spec.Options) ([]plan.Source, spec.Catalog, error) {
	components, err := s.catalog(ctx, s.file)
	if err != nil {
		return nil, nil, err
	}
	options.Catalog = components
	loaded, found := spec.Load(s.file, options)
	if err := ctx.Err(); err != nil {
		return nil, nil, err // what is said of folders that were being read means nothing
	}
	if err := found.Err(); err != nil {
		return nil, nil, err
	}
	s.warnings = append(s.warnings, found...)
	s.name, s.description = loaded.Name, loaded.Description
	s.repositories = loaded.Repositories
	return []plan.Source{{ID: identify(loaded), Seed: loaded.Seed, Spec: loaded}}, components, nil
}

func (s *session) readAblation(ctx context.Context, options spec.Options) ([]plan.Source, spec.Catalog, error) {
	loaded, found := ablation.Load(s.file, ablation.Options{Sources: s.program.sources})
	if err := found.Err(); err != nil {
		return nil, nil, err
	}
	s.warnings = append(s.warnings, found...)
	s.name, s.description, s.ablation = loaded.Name, loaded.Description, true
	components, err := s.catalog(ctx, loaded.Experiment)
	if err != nil {
		return nil, nil, err
	}
	options.Catalog = components
	variants, found := ablation.Expand(loaded, options)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := found.Err(); err != nil {
		return nil, nil, err
	}
	s.warnings = append(s.warnings, found...)
	var sources []plan.Source
	for _, variant := range variants {
		s.repositories = append(s.repositories, variant.Spec.Repositories...)
		sources = append(sources, plan.Source{
			ID: identify(variant.Spec), Name: variant.Name, Values: variant.Values, Seed: variant.Seed,
			Spec: variant.Spec, Measure: loaded.Measure,
		})
		if variant.Baseline && s.baseline == "" {
			s.baseline = rowName(variant.Values)
		}
	}
	s.measure, s.declared = loaded.Measure, loaded.Range
	return sources, components, s.checkMetrics(loaded)
}

// checkMeasured refuses metrics that the experiment could measure, and does not.
func (s *session) checkMeasured() error {
	measured := map[metric.Measure]bool{}
	for _, node := range s.plan.Nodes {
		if work, ok := node.Work.(plan.MeasureWork); ok {
			measured[work.Measure()] = true
		}
	}
	var problems diag.List
	for _, name := range s.measure {
		measure, _ := metric.MeasureOf(name)
		if !measured[measure] {
			problems = append(problems, diag.Diagnostic{
				Severity: diag.Error,
				Summary:  "Nothing to measure it on",
				Detail: fmt.Sprintf("No evaluate block of the experiment measures metric.%s. Give one of them %s, or take the metric out of measure.",
					name, measure.Definition().Needs),
				Subject: s.declared,
			})
		}
	}
	return problems.Err()
}

// checkMetrics refuses metrics that nothing measures: the table would be empty.
func (s *session) checkMetrics(loaded *ablation.Ablation) error {
	var problems diag.List
	for _, name := range loaded.Measure {
		if _, ok := metric.MeasureOf(name); ok {
			continue
		}
		var measures []string
		for _, m := range metric.Measures() {
			measures = append(measures, "metric."+string(m.Measure))
		}
		last := len(measures) - 1
		problems = append(problems, diag.Diagnostic{
			Severity: diag.Error,
			Summary:  "Unknown metric",
			Detail: fmt.Sprintf("Nothing measures metric.%s.%s A whole measure is %s or %s; one number of it is, say, metric.%s or metric.%s.",
				name, diag.DidYouMean(name, metric.Names()), strings.Join(measures[:last], ", "), measures[last], metric.GoodShare, metric.FID),
			Subject: loaded.Range,
		})
	}
	return problems.Err()
}

// rowName spells the values of a row, as the tables of a report do.
func rowName(values map[string]any) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		words = append(words, fmt.Sprintf("%s=%v", name, values[name]))
	}
	return strings.Join(words, " ")
}

// catalog opens the catalog of an experiment, and remembers the host behind it.
func (s *session) catalog(ctx context.Context, experiment string) (spec.Catalog, error) {
	components, host, err := s.program.openCatalog(ctx, experiment)
	if err != nil {
		return nil, err
	}
	s.host = host
	return components, nil
}

// identify is the ID of a variant: of the experiment's name and the resolved
// values of all its variables. The same variant has the same ID in every
// ablation.
func identify(loaded *spec.Spec) string {
	encoded, err := json.Marshal(map[string]any{"experiment": loaded.Name, "seed": loaded.Seed, "variables": loaded.Variables})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])[:12]
}
