package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
)

// labelFlags are the flags of `plumb label`.
type labelFlags struct {
	labelPlace
	raters   []string
	noRun    bool
	simulate string
}

func (p *program) labelCommand() *cobra.Command {
	var flags labelFlags
	command := &cobra.Command{
		Use:   "label FILE",
		Short: "Let people label and judge, in their browsers",
		Long: "Let people label and judge the images of an experiment or ablation, in their\n" +
			"browsers: whatever its people blocks ask. It first runs what needs no people, as\n" +
			"`plumb run` does, then serves a page to each rater and one to you, and prints\n" +
			"their links. A link is a rater's own: whoever has it answers in that name.\n\n" +
			"It goes on until Ctrl-C. Answers are on the disk before the page hears of them, in\n" +
			"RUNS/NAME.people/judgements.sqlite, and belong to what an image shows: other\n" +
			"runs of the experiment find them. When a question is complete it says which\n" +
			"command goes on; images that another `plumb run` draws meanwhile are asked, too.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			flags.portGiven = command.Flags().Changed("port")
			if err := flags.check(); err != nil {
				return err
			}
			s, err := p.load(ctx, args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Check(ctx); err != nil {
				return err
			}
			asked, err := s.asking(ctx)
			if err != nil {
				return err
			}
			if !flags.noRun {
				if err := s.Missing().Err(); err != nil {
					return err
				}
				if err := s.draw(ctx); err != nil {
					return err
				}
				if asked, err = s.Ask(ctx); err != nil {
					return err
				}
			}
			return s.label(ctx, asked, flags)
		},
	}
	set := command.Flags()
	flags.add(set)
	set.StringSliceVar(&flags.raters, "rater", nil, "name of somebody who gets a link; repeatable, or several with commas between")
	set.BoolVar(&flags.noRun, "no-run", false, "run nothing first: ask about the images that are there")
	set.StringVar(&flags.simulate, "simulate", "", "a rater block or component whose simulated people answer through the page, as a demonstration")
	command.AddCommand(p.labelStatusCommand(), p.labelRatersCommand(), p.labelForgetCommand(),
		p.labelExportCommand(), p.labelImportCommand(), p.labelPageCommand())
	return command
}

// check refuses flags that cannot be meant.
func (f labelFlags) check() error {
	for _, name := range f.raters {
		if err := database.CheckName(strings.TrimSpace(name)); err != nil {
			return fmt.Errorf("--rater: %w", err)
		}
	}
	if f.simulate != "" && f.cert != "" {
		return errors.New("--simulate and --tls-cert exclude each other: a demonstration is for this machine")
	}
	return f.labelPlace.check()
}

// asking is what the experiment asks people, and a mistake if that is nothing.
func (s *loaded) asking(ctx context.Context) ([]session.Asked, error) {
	asked, err := s.Ask(ctx)
	if err == nil && len(asked) == 0 {
		return nil, fmt.Errorf("%s asks people nothing: no labels, comparisons or evaluate block of it has a people block (see `plumb reference people`)", s.File)
	}
	return asked, err
}

// draw runs what needs no people, and prints no tables: they come when all have answered.
func (s *loaded) draw(ctx context.Context) error {
	p := s.program
	p.tellStore("a new one is made, and everything is to run")
	forecast, err := s.forecast()
	if err != nil {
		return err
	}
	costs := s.Costs(forecast)
	p.writePlan(p.err, s, forecast, costs, true)
	p.warn(s.Warnings)
	if forecast.Complete {
		return nil
	}
	result, err := s.run(ctx, forecast, costs, run.Asked{}, run.Silent{})
	switch {
	case result == nil:
		return exit{exitFailed, elsewhere(err)}
	case err != nil:
		fmt.Fprintf(p.err, "\nplumb: %v\n", err)
	}
	p.link(result.Run)
	if result.Stopped {
		return s.tellStopped(result)
	}
	if result.Failed > 0 {
		s.tellFailures(result)
		fmt.Fprintf(p.err, "\n%s failed. To ask people about the images that are there all the same:\n  %s\n",
			plural(result.Failed, "stage", "stages"), p.command("label", s.File)+" --no-run")
		return exit{code: exitFailed}
	}
	return nil
}
