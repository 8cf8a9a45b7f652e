package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/reports"
)

func (p *program) reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report RUN",
		Short: "Make a run's tables again from its records; runs nothing",
		Long: "Make a run's tables again from its records, without running anything. RUN is\n" +
			"the name of an experiment or ablation that was run, or the run's directory.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			dir := args[0]
			if _, err := os.Stat(filepath.Join(dir, runFile)); err != nil {
				dir = filepath.Join(p.runsDir, args[0])
			}
			made, err := record.ReadRun(filepath.Join(dir, runFile))
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("no run %q: there is no %s", args[0], filepath.Join(dir, runFile))
			}
			if err != nil {
				return exit{exitFailed, err}
			}
			s, err := p.openStore()
			if err != nil {
				return err
			}
			defer s.Close()
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
						return exit{exitFailed, err}
					case found != nil:
						records[stage.Key] = found
					case stage.Error == "":
						fmt.Fprintf(p.err, "plumb: the record of %s is no longer in the store; %s makes it again\n", stage.Node, made.Command)
					}
				}
			}
			return p.report(command.Context(), dir, reports.Input{Run: made, Records: records, Open: s.File})
		},
	}
}
