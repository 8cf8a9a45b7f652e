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
)

func (p *program) storeCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "store",
		Short: "Look after the cached results",
	}
	command.AddCommand(p.storeUsageCommand(), p.storeVerifyCommand(), p.storeCollectCommand())
	return command
}

// openStore opens the store, and creates it if needed.
func (p *program) openStore() (*store.Store, error) {
	s, err := store.Open(p.storePath())
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	return s, nil
}

func (p *program) storeUsageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "usage",
		Short: "Print how much the store holds",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := p.openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			blobs, size, err := s.Usage()
			if err != nil {
				return exit{exitFailed, err}
			}
			fmt.Fprintf(p.out, "%s: %s, %s\n", p.storePath(), plural(blobs, "file", "files"), byteSize(size))
			return nil
		},
	}
}

func (p *program) storeVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Read everything in the store, put aside what is damaged, forget digests of other files",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := p.openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			// Who doubts the store may doubt what was remembered of data and weights.
			if err := os.Remove(store.DigestsFile(p.storePath())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return exit{exitFailed, err}
			}
			problems, err := s.Verify(command.Context(), nil)
			if err != nil {
				return exit{exitFailed, err}
			}
			for _, problem := range problems {
				fmt.Fprintf(p.out, "%s: %s\n", problem.Name, problem.Detail)
			}
			if len(problems) > 0 {
				fmt.Fprintf(p.out, "%s put aside. The stages concerned run again when they are needed.\n", plural(len(problems), "entry is", "entries are"))
				return exit{code: exitFailed}
			}
			fmt.Fprintln(p.out, "Everything is as it was put there.")
			return nil
		},
	}
}

func (p *program) storeCollectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "gc",
		Short: "Remove what no run in the directory of runs refers to",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			live, runs, err := p.liveKeys()
			if err != nil {
				return exit{exitFailed, err}
			}
			s, err := p.openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			freed, err := s.Collect(func(key string) bool { return live[key] })
			if err != nil {
				return exit{exitFailed, err}
			}
			fmt.Fprintf(p.out, "Removed %s; kept what %s in %s.\n", byteSize(freed), plural(runs, "run needs", "runs need"), p.runsDir)
			return nil
		},
	}
}

// liveKeys are the keys that runs refer to.
func (p *program) liveKeys() (live map[string]bool, runs int, err error) {
	live = map[string]bool{}
	files, err := filepath.Glob(filepath.Join(p.runsDir, "*", runFile))
	if err != nil {
		return nil, 0, err
	}
	for _, file := range files {
		run, err := record.ReadRun(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read %s: %w; nothing was removed", file, err)
		}
		runs++
		for _, variant := range run.Variants {
			for _, stage := range variant.Stages {
				if stage.Key != "" {
					live[stage.Key] = true
				}
			}
		}
	}
	return live, runs, nil
}
