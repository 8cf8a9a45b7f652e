package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/reports"
)

func (p *program) compareCommand() *cobra.Command {
	var out, baseline string
	command := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Set runs side by side, with paired tests; numbers that are not alike are refused",
		Long: "Set the models and rewards of several runs side by side. Each number is compared\n" +
			"with that of the same model in the baseline run, which is the first RUN unless\n" +
			"--baseline names another; of a model that it does not have, with its baseline.\n" +
			"Differences are paired by prompt and tested, of the images' labels, scores and\n" +
			"features, and corrected over all of an evaluation.\n\n" +
			"Numbers stand side by side only if they were made alike: by the same version of a\n" +
			"metric, over as many images of the same prompts, in the same size, by the same\n" +
			"encoder, reward or rater with the same weights, resizing and arithmetic. What is\n" +
			"not is refused, and the report says what differs; images of other seeds are not\n" +
			"paired. What is alike is compared. Nothing is run.\n\n" +
			"Exit codes: 0 something was compared; 1 everything was refused.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := p.readStore()
			if err != nil {
				return err
			}
			defer s.Close()
			words, at := args, 0
			if baseline != "" {
				if at = slices.Index(args, baseline); at < 0 {
					words, at = append([]string{baseline}, args...), 0
				}
			}
			var inputs []reports.Input
			seen := map[string]string{} // the words of the user, by full names
			for i, word := range words {
				input, err := p.madeRun(s, word)
				if err != nil {
					return err
				}
				name := input.Run.FullName()
				if other, twice := seen[name]; twice {
					if baseline != "" && i > 0 && other == baseline { // named twice: as itself and as the baseline
						continue
					}
					return fmt.Errorf("%s and %s are the same run, %s; name two runs, as `plumb runs` lists them: NAME@ID", other, word, name)
				}
				seen[name] = word
				inputs = append(inputs, input)
			}
			if len(inputs) < 2 {
				return fmt.Errorf("%s is the only run that is named; name another one to compare with it", inputs[0].Run.FullName())
			}
			compared, err := reports.Compare(command.Context(), inputs, at)
			if err != nil {
				return exit{exitFailed, err}
			}
			if out != "" {
				if err := compared.Write(out); err != nil {
					return exit{exitFailed, err}
				}
			}
			switch {
			case p.json:
				err = compared.WriteJSON(p.raw)
			default:
				err = compared.Print(p.out, min(p.width(p.out), 120))
				if out != "" && err == nil {
					fmt.Fprintf(p.out, "\ntables: %s\n", strings.TrimSuffix(out, "/")+"/tables.md")
				}
			}
			if err != nil {
				return exit{exitFailed, err}
			}
			if alike, refused := compared.Refusals(); alike == 0 {
				if refused == 0 {
					return exit{exitFailed, fmt.Errorf("the runs have no number of the same name: %s", strings.Join(fullNamesOf(inputs), ", "))}
				}
				return exit{exitFailed, fmt.Errorf("no number of the runs is alike: all %d were refused, for the reasons above", refused)}
			}
			return nil
		},
	}
	command.Flags().StringVar(&baseline, "baseline", "", "the run that the others are compared with (default the first)")
	command.Flags().StringVar(&out, "out", "", "write tables.md, tables.csv, tables.tex and compare.json into this directory, too")
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

func fullNamesOf(inputs []reports.Input) []string {
	var names []string
	for _, input := range inputs {
		names = append(names, input.Run.FullName())
	}
	return names
}
