package session

import (
	"context"
	"path/filepath"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
)

// RunOptions are what a run has beside its session.
type RunOptions struct {
	// Dir says where the report of a run goes, absolute; nil: nowhere. It is in the
	// run's record, and nothing is written there but the run's log (MetricsFile, LogFile)
	// and what plugins print, in LogsDir.
	Dir     func(run *record.Run) string
	Command string // to run it again, for people
	// Export is that of run.Options.
	Export func(sheet, target string) string
	// Label is that of run.Options.
	Label string
	// Repairs are those of run.Options.
	Repairs []string
	Sink    run.Sink // nil: nobody listens
	// Countdown counts the run down, for who shows it and for the run's log: it is told
	// before Sink. nil: nobody asks.
	Countdown *run.Countdown
	// Asked is that of run.Options.
	Asked run.Asked
	// Parallel is that of run.Local; an Executor of the options knows its own.
	Parallel int
	// Costs say what stages need; nil: they are worked out.
	Costs *Costs
}

// Run does what of the plan is not done yet. What fails, or waits for people, is
// in the result. The plugins keep running: Stop ends them in good order.
func (s *Session) Run(ctx context.Context, o RunOptions) (*run.Result, error) {
	opened, err := s.Store()
	if err != nil {
		return nil, err
	}
	costs := o.Costs
	if costs == nil {
		forecast, err := s.Forecast()
		if err != nil {
			return nil, err
		}
		costs = s.Costs(forecast)
	}
	about, err := s.About()
	if err != nil {
		return nil, err
	}
	about.Command = o.Command
	if o.Dir != nil {
		about.Dir = o.Dir(about)
	}
	executor := s.executor(o.Parallel)
	var heard run.Sink = run.Silent{}
	if o.Sink != nil {
		heard = o.Sink
	}
	sink := heard
	if about.Dir != "" {
		begun := func() {
			if s.Host != nil {
				s.Host.LogTo(filepath.Join(about.Dir, LogsDir))
			}
		}
		s.log.countdown = o.Countdown
		s.log.to(about.Dir, begun, func(warning diag.Diagnostic) { heard.Warn(nil, warning) })
		sink = run.Tee(s.log.sink(), sink)
	}
	if o.Countdown != nil {
		sink = run.Tee(o.Countdown, sink)
	}
	return run.Run(ctx, s.Plan, run.Options{
		Store:    opened,
		Executor: executor,
		Sink:     sink,
		Needs:    costs.Resources,
		Export:   o.Export,
		Label:    o.Label,
		Repairs:  o.Repairs,
		Asked:    o.Asked,
		About:    *about,
	})
}

// About describes a run of the session before it has begun: what it is called, what
// it computes and where. After Read, its ID is not that of any run.
func (s *Session) About() (*record.Run, error) {
	about := &record.Run{
		Name:        s.Name,
		Description: s.Description,
		File:        s.File,
		Baseline:    s.Baseline,
		Varied:      s.Varied,
		Machine:     machine(s.Environment),
		Versions:    Versions(),
	}
	if err := s.identify(about); err != nil {
		return nil, err
	}
	return about, nil
}

// executor is who does the stages.
func (s *Session) executor(parallel int) run.Executor {
	if s.options.Executor != nil {
		return s.options.Executor
	}
	if s.Host == nil {
		s.Host = s.newHost()
	}
	return run.Local{Components: s.Host, Computes: s.Environment, Parallel: parallel}
}

// Stop lets the plugins finish and ends them; what is left when ctx ends is
// killed. The error is what plugins say of their end. The run's log ends with it.
func (s *Session) Stop(ctx context.Context) error {
	defer s.log.close()
	if s.Host == nil {
		return nil
	}
	host := s.Host
	s.Host = nil
	return host.Stop(ctx)
}
