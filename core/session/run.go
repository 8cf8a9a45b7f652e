package session

import (
	"context"

	"github.com/plumb-ml/plumb/core/run"
)

// RunOptions are what a run has beside its session.
type RunOptions struct {
	Dir     string   // gets run.json; empty: nowhere
	Command string   // to run it again, for people
	Sink    run.Sink // nil: nobody listens
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
	return run.Run(ctx, s.Plan, run.Options{
		Store:       opened,
		Executor:    s.executor(o.Parallel),
		Sink:        o.Sink,
		Needs:       costs.Resources,
		Dir:         o.Dir,
		Name:        s.Name,
		Description: s.Description,
		File:        s.File,
		Command:     o.Command,
		Baseline:    s.Baseline,
		Machine:     machine(s.Environment),
		Versions:    Versions(),
	})
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
// killed. The error is what plugins say of their end.
func (s *Session) Stop(ctx context.Context) error {
	if s.Host == nil {
		return nil
	}
	host := s.Host
	s.Host = nil
	return host.Stop(ctx)
}
