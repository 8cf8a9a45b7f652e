package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/labelling/exchange"
)

// isMistake reports whether an error is one of the user's, with a way out.
func isMistake(err error) bool {
	var mistakes diag.List
	return errors.As(err, &mistakes)
}

func (p *program) labelImportCommand() *cobra.Command {
	var known exchange.Known
	try := false
	command := &cobra.Command{
		Use:   "import FILE IN",
		Short: "Take in what people said elsewhere",
		Long: "Take in what people said elsewhere of the images that an experiment asks about.\n" +
			"IN is a file that `plumb label export` wrote (.parquet, .csv, .jsonl) or that\n" +
			"label.html saved, an export of Label Studio (JSON, JSON_MIN, CSV), or a plain table\n" +
			"(CSV or Parquet) with the columns\n\n" +
			"  image   the ID of an image, a path that ends in it, or the path of its file\n" +
			"  prompt  needed where an image is looked up by what its file shows\n" +
			"  label   good, bad or skip; empty: not labelled yet\n" +
			"  rater   a name, if there are several people\n\n" +
			"or first, second and choice (first, second, tie) of pairs of images.\n\n" +
			"All problems are reported at once, with their lines; if there is one, nothing is\n" +
			"taken in. What stands already is passed over, and an answer that contradicts it is\n" +
			"a problem.",
		Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			if isDatabase(args[0]) {
				return fmt.Errorf("%s: name the experiment's file: what comes in is checked against what it asks", args[0])
			}
			h, err := p.hear(command.Context(), args[0])
			if err != nil {
				return err
			}
			defer h.close()
			if known.Question != "" {
				if _, err := h.chosen(known.Question); err != nil {
					return err
				}
			}
			known.Questions, known.Items, known.Judgements, known.Withdrawn, known.Now = h.questions(), h.items(), h.judgements, h.withdrawn, time.Now()
			known.Names = map[string]string{}
			several := map[string]bool{}
			for _, asked := range h.asked {
				if known.Question != "" && asked.Name != known.Question {
					continue
				}
				for id, image := range asked.Names {
					if other, is := known.Names[id]; is && other != image {
						several[id] = true // in the tables of two questions
					}
					known.Names[id] = image
				}
			}
			for id := range several {
				delete(known.Names, id)
			}
			if !known.Others {
				asked, err := h.chosen(known.Question)
				if err != nil {
					return err
				}
				if err := h.drawn(asked); err != nil {
					return err
				}
			}
			in, problems := exchange.Read(args[1], known)
			if err := problems.Err(); err != nil {
				return err
			}
			p.warn(problems)
			if len(in.New) > 0 && !try {
				if err := p.take(command, h, in.New); err != nil {
					return err
				}
			}
			p.writeImported(h, in, try)
			return nil
		},
	}
	command.Flags().StringVar(&known.Question, "question", "", "what is answered, if the file does not say it")
	command.Flags().StringVar(&known.Rater, "rater", "", "who answers, if the file does not say it")
	command.Flags().BoolVar(&known.Others, "others", false, "take in judgements of images that the experiment does not have now, too: they count when it has them")
	command.Flags().BoolVar(&try, "dry-run", false, "say what would come in, and take in nothing")
	return command
}

// take stores judgements, all or none.
func (p *program) take(command *cobra.Command, h *heard, judgements []people.Judgement) error {
	d, err := database.Open(h.path)
	if err != nil {
		return exit{exitFailed, err}
	}
	defer d.Close()
	if err := d.Add(command.Context(), judgements...); err != nil {
		return exit{exitFailed, fmt.Errorf("nothing was taken in: %w", err)}
	}
	return nil
}

// writeImported says what came in, and what goes on from there.
func (p *program) writeImported(h *heard, in exchange.Imported, try bool) {
	raters := map[string]bool{}
	for _, j := range in.New {
		raters[j.Rater] = true
	}
	word := "taken in"
	if try {
		word = "would be taken in"
	}
	parts := []string{fmt.Sprintf("%s by %s %s", plural(len(in.New), "judgement", "judgements"), plural(len(raters), "rater", "raters"), word)}
	if len(in.New) == 0 {
		parts[0] = "nothing is new"
	}
	if in.Already > 0 {
		parts = append(parts, plural(in.Already, "stands", "stand")+" already")
	}
	fmt.Fprintln(p.out, strings.Join(parts, ", "))
	if try {
		return
	}
	after := append(append([]people.Judgement(nil), h.judgements...), in.New...)
	for _, asked := range h.asked {
		if len(asked.Items) == 0 {
			continue
		}
		progress := people.ProgressOf(asked.Question, asked.Items, after, h.reported)
		fmt.Fprintf(p.out, "%s: %s\n", asked.Name, progressText(asked.Kind, progress))
	}
	fmt.Fprintf(p.out, "%s goes on from there\n", p.command("run", h.File))
}

// progressText is how far a question is.
func progressText(kind people.Kind, progress people.Progress) string {
	words := wordsFor[kind]
	text := fmt.Sprintf("%d of %s complete", progress.Complete, plural(progress.Items, words.item, words.items))
	if progress.Missing > 0 {
		text += fmt.Sprintf(", %s missing", plural(progress.Missing, "answer", "answers"))
	}
	if progress.Reported > 0 {
		text += fmt.Sprintf(", %d reported as unsafe", progress.Reported)
	}
	return text
}
