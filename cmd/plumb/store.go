package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/digest"
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

// openStore opens the store for writing. It must be there: to look after a store is
// not to make one.
func (p *program) openStore() (*store.Store, error) {
	if !store.IsStore(p.storePath()) {
		return nil, exit{exitFailed, fmt.Errorf("there is no store in %s; `plumb run FILE` makes one, and --store and --runs name other places", p.storePath())}
	}
	s, err := store.Open(p.storePath())
	if err != nil {
		return nil, exit{exitFailed, elsewhere(err)}
	}
	return s, nil
}

// elsewhere adds the way out to the error of a store that cannot be written to.
func elsewhere(err error) error {
	if errors.As(err, new(*store.ReadOnly)) {
		return fmt.Errorf("%w. --store names another directory", err)
	}
	return err
}

// readStore opens the store for reading alone: it need not be one's own, nor there.
func (p *program) readStore() (*store.Store, error) {
	s, err := store.Read(p.storePath())
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	return s, nil
}

func (p *program) storeUsageCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "usage",
		Short: "Print how much the store holds",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := p.readStore()
			if err != nil {
				return err
			}
			defer s.Close()
			blobs, size, err := s.Usage()
			if err != nil {
				return exit{exitFailed, err}
			}
			if p.json {
				return p.writeJSON(struct {
					Store string `json:"store"`
					Files int    `json:"files"`
					Bytes int64  `json:"bytes"`
				}{p.storePath(), blobs, size})
			}
			fmt.Fprintf(p.out, "%s: %s, %s\n", p.storePath(), plural(blobs, "file", "files"), byteSize(size))
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// tellStages lists the stages that made or read what is damaged. Those that read it
// are right all the same, as what a stage reads is compared before and after.
func (p *program) tellStages(how string, stages []store.Stage) {
	const most = 5
	for i, stage := range stages {
		if i == most {
			fmt.Fprintf(p.out, "    and %s\n", plural(len(stages)-most, "other", "others"))
			return
		}
		fmt.Fprintf(p.out, "    %s %s (%s)\n", how, stage.Node, stage.Key[:min(12, len(stage.Key))])
	}
}

func (p *program) storeVerifyCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "verify",
		Short: "Read everything in the store, put aside what is damaged, forget digests of other files",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := p.openStore()
			if errors.As(err, new(*store.ReadOnly)) {
				s, err = p.readStore()
			}
			if err != nil {
				return err
			}
			defer s.Close()
			forgotten := []string{}
			if damaged := digest.NewMemory(store.DigestsFile(p.storePath())).Check(); damaged > 0 {
				forgotten = append(forgotten, fmt.Sprintf("The digests of %s, remembered in %s, were damaged; those files are read again when they are needed.", plural(damaged, "file", "files"), store.DigestsFile(p.storePath())))
			}
			if s.Writable() {
				// Who doubts the store may doubt what was remembered of data and weights.
				if err := os.Remove(store.DigestsFile(p.storePath())); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return exit{exitFailed, err}
				}
			}
			problems, err := s.Verify(command.Context(), nil)
			if err != nil {
				return exit{exitFailed, err}
			}
			if p.json {
				err := p.writeJSON(struct {
					Problems []store.Problem `json:"problems"`
					Repairs  []string        `json:"repairs"`
				}{append([]store.Problem{}, problems...), append(forgotten, s.Repairs()...)})
				if err == nil && len(problems) > 0 {
					err = exit{code: exitFailed}
				}
				return err
			}
			for _, text := range append(forgotten, s.Repairs()...) {
				fmt.Fprintf(p.out, "%s\n", indent(text, 0, 80))
			}
			for _, problem := range problems {
				fmt.Fprintf(p.out, "%s: %s\n", problem.Name, problem.Detail)
				p.tellStages("made by", problem.Made)
				p.tellStages("read by", problem.Read)
			}
			if len(problems) > 0 && !s.Writable() {
				fmt.Fprintf(p.out, "%s damaged. The store cannot be written to, so they stay where they are.\n", plural(len(problems), "entry is", "entries are"))
				return exit{code: exitFailed}
			}
			if len(problems) > 0 {
				fmt.Fprintf(p.out, "%s put aside. The stages concerned run again when they are needed.\n", plural(len(problems), "entry is", "entries are"))
				return exit{code: exitFailed}
			}
			fmt.Fprintln(p.out, "Everything is as it was put there.")
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}
