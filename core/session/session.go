package session

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Session is an experiment or ablation that was loaded and planned. Its methods
// are for one goroutine at a time.
//
//  1. Load, or Read where it does not matter what computes.
//  2. Check says what is wrong with the user's files; Missing, Forecast and Costs
//     say what a run would do.
//  3. Run runs it, as often as one likes; Stop ends the plugins in good order.
//  4. Close kills what is left of them and leaves the store.
type Session struct {
	File        string // as the user named it
	Name        string
	Description string
	Ablation    bool   // File is one
	Baseline    string // the row that an ablation's others are compared with; empty: none
	Varied      []record.Varied
	Variants    []plan.Source
	Plan        *plan.Plan
	Tracking    *spec.Tracking // nil: the files say nothing of it
	Warnings    diag.List
	// Environment is what computes; the zero Environment after Read.
	Environment plan.Environment
	// Host runs the plugins; nil after Stop, until they are needed again.
	Host *plugin.Host

	checked map[string]sdk.PromptFindings // what components said of prompts, by what they were asked

	options Options
	named   []spec.Plugin  // by the experiment
	entries []plugin.Entry // the same, with what is locked of them
	store   *store.Store   // nil until it is needed
	reader  *store.Store   // the same, for reading alone
	log     logging        // of the run that was begun last
	gallery gallery        // of what people are asked about
	wanted  wanted         // the metrics that an ablation asks for
	known   spec.Catalog   // the components that are planned with
}

func newSession(file string, options Options) *Session {
	if options.Files == nil {
		options.Files = spec.NewFiles()
	}
	return &Session{File: file, options: options}
}

// Load reads and plans the experiment or ablation in file, and finds out what
// computes. Close it.
func Load(ctx context.Context, file string, options Options) (*Session, error) {
	s, err := Read(ctx, file, options)
	if err != nil {
		return nil, err
	}
	if s.Environment, err = s.environment(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Read is Load without a look at what computes. Nothing can be run or forecast.
func Read(ctx context.Context, file string, options Options) (*Session, error) {
	s := newSession(file, options)
	if err := s.read(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// environment finds out what computes.
func (s *Session) environment(ctx context.Context) (plan.Environment, error) {
	if s.options.Executor != nil {
		return s.options.Executor.Environment(), nil
	}
	name := s.Variants[0].Spec.Compute.Backend
	environment := plan.Environment{Backend: "go", Device: "cpu"} // always there, so nothing to look for
	switch {
	case name == "go":
	case s.options.Resolve != nil:
		var err error
		if environment, err = s.options.Resolve(ctx, name); err != nil {
			return plan.Environment{}, err
		}
	case name != "auto":
		return plan.Environment{}, diag.Errorf(s.Variants[0].Spec.Compute.Range,
			fmt.Sprintf("The compute backend %q cannot be used", name), `This program has the backend "go" alone.`)
	}
	environment.DType, environment.Libraries = "float32", Libraries()
	return environment, nil
}

// Repositories are the models on Hugging Face's hub that the variants name.
func (s *Session) Repositories() []spec.Repository {
	var all []spec.Repository
	for _, variant := range s.Variants {
		all = append(all, variant.Spec.Repositories...)
	}
	return all
}

// Missing is what a run cannot begin without: errors. People's labels and
// comparisons are not among it: what they are given to has to be drawn first.
func (s *Session) Missing() diag.List {
	var list diag.List
	for _, node := range s.Plan.Nodes {
		switch node.Work.(type) {
		case *plan.RateWork, *plan.CompareWork:
			if node.Instance == nil {
				continue
			}
		}
		for _, one := range node.Missing {
			one.Severity = diag.Error
			if !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	return list
}

// Store opens the store once for running stages, and creates it if needed.
func (s *Session) Store() (*store.Store, error) {
	if s.store != nil {
		return s.store, nil
	}
	opened, err := store.Open(s.options.Store)
	if err != nil {
		return nil, err
	}
	s.store = opened
	return opened, nil
}

// Reader opens the store once for reading alone: nothing is created, and it need
// not be one that can be written to.
func (s *Session) Reader() (*store.Store, error) {
	if s.reader != nil {
		return s.reader, nil
	}
	opened, err := store.Read(s.options.Store)
	if err != nil {
		return nil, err
	}
	s.reader = opened
	return opened, nil
}

// Forecast says what a run would do, as far as the store can tell. It changes
// nothing there: what is damaged is left for the run to find.
func (s *Session) Forecast() (*run.Forecast, error) {
	opened, err := s.Reader()
	if err != nil {
		return nil, err
	}
	return run.Predict(s.Plan, opened, s.Environment)
}

// Close kills the plugins' processes and leaves the store.
func (s *Session) Close() {
	if s.Host != nil {
		s.Host.Kill()
	}
	s.log.close()
	for _, opened := range []**store.Store{&s.store, &s.reader} {
		if *opened != nil {
			(*opened).Close()
			*opened = nil
		}
	}
}

// newHost makes the host of the plugins that the session knows.
func (s *Session) newHost() *plugin.Host {
	options := s.options.Plugins
	options.Plugins = s.entries
	options.Components = make([]sdk.Description, len(s.options.Builtin))
	for i, component := range s.options.Builtin {
		options.Components[i] = component.Description
	}
	options.Logs = &s.log
	if others := s.options.Plugins.Logs; others != nil {
		options.Logs = io.MultiWriter(&s.log, others)
	}
	host := plugin.NewHost(options)
	if s.options.Started != nil {
		s.options.Started(host)
	}
	return host
}
