package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/reports"
)

func (p *program) reportCommand() *cobra.Command {
	var out string
	command := &cobra.Command{
		Use:   "report RUN...",
		Short: "Make the tables of runs again from their records; runs nothing",
		Long: "Make the tables of runs again from their records, without running anything. RUN\n" +
			"is the name of an experiment or ablation, whose latest run is taken, or NAME@ID as\n" +
			"`plumb runs` lists it; the beginning of the ID is enough.\n" +
			"With --json the numbers are printed as results.json has them, and nothing is written.\n" +
			"With --out, all of them are written into one file of Markdown, and the numbers\n" +
			"of each seed into a JSON file beside it.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if p.json && (len(args) > 1 || out != "") {
				return errors.New("--json prints the numbers of one RUN; --out writes those of several into a file")
			}
			s, err := p.readStore()
			if err != nil {
				return err
			}
			defer s.Close()
			var inputs []reports.Input
			for _, name := range args {
				input, err := p.madeRun(s, name)
				if err != nil {
					return err
				}
				if p.json {
					return p.writeResults(input)
				}
				if out == "" {
					if err := p.report(command.Context(), input); err != nil {
						return err
					}
				}
				inputs = append(inputs, input)
			}
			if out == "" {
				return nil
			}
			if filepath.Ext(out) == ".json" {
				return fmt.Errorf("--out %s: the tables are Markdown, and the numbers beside them are JSON; write --out %s.md", out, strings.TrimSuffix(out, ".json"))
			}
			if err := reports.WriteBook(out, inputs); err != nil {
				return exit{exitFailed, err}
			}
			fmt.Fprintln(p.out, out)
			fmt.Fprintln(p.out, reports.NumbersPath(out))
			return nil
		},
	}
	p.addTables(command.Flags())
	command.Flags().BoolVar(&p.json, "json", false, "print the numbers as JSON, as results.json has them")
	command.Flags().StringVar(&out, "out", "", "write the tables of all RUNs into this file of Markdown instead")
	return command
}

// writeResults prints what came out of a run for programs, as its results.json has it.
func (p *program) writeResults(input reports.Input) error {
	if err := reports.WriteResults(p.raw, input); err != nil {
		return exit{exitFailed, fmt.Errorf("print the numbers: %w", err)}
	}
	return nil
}

// madeRun finds a run by what the user calls it, and its records.
func (p *program) madeRun(s *store.Store, word string) (input reports.Input, err error) {
	listed, err := p.findRun(s, word)
	if err != nil {
		return input, err
	}
	made := listed.Run
	if made == nil {
		return input, exit{exitFailed, fmt.Errorf("%w. Run it again, or take it from the list with `plumb runs rm %s`", listed.Err, listed.FullName)}
	}
	records := map[string]*record.Record{}
	for _, variant := range made.Variants {
		for _, stage := range variant.Stages {
			if stage.Key == "" || records[stage.Key] != nil {
				continue
			}
			found, err := s.Record(stage.Key)
			var corrupt *store.Corrupt
			switch {
			case errors.As(err, &corrupt):
				fmt.Fprintf(p.err, "plumb: %s: %v\n", stage.Node, err)
			case err != nil:
				return input, exit{exitFailed, err}
			case found != nil:
				records[stage.Key] = found
			case stage.Status == record.Done || stage.Status == record.Cached:
				fmt.Fprintf(p.err, "plumb: the record of %s is no longer in the store; %s makes it again\n", stage.Node, made.Command)
			}
		}
	}
	return reports.Input{Run: made, Records: records, Open: s.File}, nil
}
