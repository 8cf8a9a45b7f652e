package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
)

func (p *program) validateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check experiments and ablations without running them",
		Long: "Check experiments and ablations without running them. Of a DIRECTORY in the place\n" +
			"of a FILE all are checked that are in it and below it.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var all diag.List
			var said []string
			add := func(found diag.List) { // ablations of one experiment share its mistakes
				for _, d := range found {
					if !slices.Contains(all, d) {
						all = append(all, d)
					}
				}
			}
			files, passed, err := experimentFiles(args)
			if err != nil {
				return err
			}
			add(passed)
			for _, file := range files {
				s, err := p.load(command.Context(), file)
				if err == nil {
					if err = s.Check(command.Context()); err != nil {
						s.Close()
					}
				}
				var list diag.List
				switch {
				case errors.As(err, &list):
					add(list)
					continue
				case err != nil:
					return err
				}
				add(s.Warnings)
				said = append(said, fmt.Sprintf("%s is valid: %s.", file, s.size()))
				for _, line := range designLines(s.Session, s.Designs()) {
					said = append(said, "  "+indent(line, 4, 80))
				}
				s.Close()
			}
			if p.json {
				if err := diag.WriteJSON(p.out, all); err != nil {
					return err
				}
				if all.HasErrors() {
					return exit{code: exitUsage}
				}
				return nil
			}
			for _, line := range said {
				fmt.Fprintln(p.out, line)
			}
			if !all.HasErrors() {
				p.warn(all)
			}
			return all.Err()
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print the findings as JSON")
	return command
}
