package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/labelling"
	"github.com/plumb-ml/plumb/labelling/exchange"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

func (p *program) labelExportCommand() *cobra.Command {
	consensus, question, studio := "", "", false
	command := &cobra.Command{
		Use:   "export FILE|DATABASE OUT",
		Short: "Write what people said into a file, without loss",
		Long: "Write what people said into OUT, a row for each judgement, in the format of its\n" +
			"name: .parquet, .csv or .jsonl. FILE is an experiment or an ablation, DATABASE a\n" +
			"judgements.sqlite. `plumb label import` reads the file again, here or elsewhere, and\n" +
			"has the same judgements then.\n\n" +
			"With --consensus, what the raters say of each item together goes into a second\n" +
			"file: how many said what, the majority, and the likeliest answer by how reliable\n" +
			"each rater is (Dawid and Skene 1979).\n\n" +
			"With --label-studio, OUT are the images that still want answers, as tasks for\n" +
			"Label Studio (.json), and beside it lies the labelling interface for them (.xml).\n" +
			"What is exported there, `plumb label import` reads.",
		Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			h, err := p.hear(command.Context(), args[0])
			if err != nil {
				return err
			}
			defer h.close()
			if studio {
				return p.exportTasks(command, h, question, args[1])
			}
			if question != "" {
				return errors.New("--question is for --label-studio: a file has the judgements of all questions, with a column for theirs")
			}
			if len(h.judgements) == 0 {
				return exit{exitFailed, fmt.Errorf("nobody has said anything yet: there is nothing to export")}
			}
			if err := exchange.Write(args[1], h.judgements); err != nil {
				return failedToWrite(args[1], err)
			}
			fmt.Fprintf(p.out, "%s in %s\n", plural(len(h.judgements), "judgement is", "judgements are"), args[1])
			if consensus != "" {
				all := labelling.ConsensusOf(h.questions(), h.judgements)
				if err := exchange.WriteConsensus(consensus, all); err != nil {
					return failedToWrite(consensus, err)
				}
				fmt.Fprintf(p.out, "what they say together is in %s\n", consensus)
			}
			return nil
		},
	}
	command.Flags().StringVar(&consensus, "consensus", "", "write what the raters say of each item together into this file, too")
	command.Flags().BoolVar(&studio, "label-studio", false, "write the images that still want answers as tasks for Label Studio")
	command.Flags().StringVar(&question, "question", "", "with --label-studio: of this question, if there are several")
	return command
}

// failedToWrite is an error of writing a file: a mistake of the name stays one.
func failedToWrite(path string, err error) error {
	if isMistake(err) {
		return err
	}
	return exit{exitFailed, fmt.Errorf("write %s: %w", path, err)}
}

// exportTasks writes tasks for Label Studio.
func (p *program) exportTasks(command *cobra.Command, h *heard, question, path string) error {
	if h.loaded == nil {
		return errors.New("--label-studio needs the experiment's file, not a database: that has no images")
	}
	asked, err := h.chosen(question)
	if err != nil {
		return err
	}
	if len(asked) > 1 {
		var names []string
		for _, a := range asked {
			names = append(names, a.Name)
		}
		return fmt.Errorf("the experiment asks %s, and Label Studio one question a project: say which with --question", strings.Join(names, ", "))
	}
	if err := h.drawn(asked); err != nil {
		return err
	}
	if !strings.EqualFold(filepath.Ext(path), ".json") {
		return fmt.Errorf("%s: tasks for Label Studio are JSON: its name ends in .json", path)
	}
	items := exchange.Open(asked[0].Question, asked[0].Items, h.judgements, h.reported, "")
	if len(items) == 0 {
		return exit{exitFailed, fmt.Errorf("%s has all answers that it asks for: there is nothing to export", asked[0].Name)}
	}
	shown := ""
	err = atomicfile.WriteBy(path, func(w io.Writer) (err error) {
		shown, err = exchange.Tasks(command.Context(), w, asked[0].Question, items, h.Image)
		return err
	})
	if err != nil {
		return failedToWrite(path, err)
	}
	beside := strings.TrimSuffix(path, filepath.Ext(path)) + ".xml"
	if err := atomicfile.Write(beside, []byte(shown)); err != nil {
		return failedToWrite(beside, err)
	}
	fmt.Fprintf(p.out, "%s in %s, the labelling interface in %s\n", plural(len(items), "task is", "tasks are"), path, beside)
	return nil
}
