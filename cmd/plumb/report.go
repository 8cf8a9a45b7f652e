package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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
			"is the name of an experiment or ablation that was run, or the run's directory.\n" +
			"With --out, all of them are written into one file of Markdown, and the numbers\n" +
			"of each seed into a JSON file beside it.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := p.openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			var inputs []reports.Input
			for _, name := range args {
				dir, input, err := p.madeRun(s, name)
				if err != nil {
					return err
				}
				if out == "" {
					if err := p.report(command.Context(), dir, input); err != nil {
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
	command.Flags().StringVar(&out, "out", "", "write the tables of all RUNs into this file of Markdown instead")
	return command
}

// madeRun finds a run by its name or directory, and its records.
func (p *program) madeRun(s *store.Store, name string) (dir string, input reports.Input, err error) {
	dir = name
	if _, err := os.Stat(filepath.Join(dir, runFile)); err != nil {
		dir = filepath.Join(p.runsDir, name)
	}
	made, err := record.ReadRun(filepath.Join(dir, runFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", input, fmt.Errorf("no run %q: there is no %s", name, filepath.Join(dir, runFile))
	}
	if err != nil {
		return "", input, exit{exitFailed, err}
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
				return "", input, exit{exitFailed, err}
			case found != nil:
				records[stage.Key] = found
			case stage.Status == record.Done || stage.Status == record.Cached:
				fmt.Fprintf(p.err, "plumb: the record of %s is no longer in the store; %s makes it again\n", stage.Node, made.Command)
			}
		}
	}
	return dir, reports.Input{Run: made, Records: records, Open: s.File}, nil
}
