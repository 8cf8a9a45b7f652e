package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/people/database"
)

// labelRaterJSON is a rater of `plumb label raters --json`.
type labelRaterJSON struct {
	Rater   string     `json:"rater"`
	Answers int        `json:"answers"` // checks included
	Link    bool       `json:"link"`    // has one that holds
	Last    *time.Time `json:"last,omitempty"`
}

func (p *program) labelRatersCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "raters FILE",
		Short: "List who has judged images of an experiment, and who has a link",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			d, err := p.judgements(command, args[0], database.Read)
			if err != nil {
				return err
			}
			defer d.Close()
			raters, err := d.Raters(ctx)
			if err != nil {
				return exit{exitFailed, err}
			}
			given, err := d.Judgements(ctx)
			if err != nil {
				return exit{exitFailed, err}
			}
			at := map[string]int{}
			all := []labelRaterJSON{}
			row := func(name string) *labelRaterJSON {
				if _, known := at[name]; !known {
					at[name] = len(all)
					all = append(all, labelRaterJSON{Rater: name})
				}
				return &all[at[name]]
			}
			for _, rater := range raters {
				row(rater.Name).Link = rater.Revoked.IsZero()
			}
			for _, j := range given {
				one := row(j.Rater)
				one.Answers++
				if one.Last == nil || one.Last.Before(j.Time) {
					one.Last = &j.Time
				}
			}
			if p.json {
				return p.writeJSON(all)
			}
			width := len("rater")
			for _, rater := range all {
				width = max(width, len([]rune(rater.Rater)))
			}
			width = min(width, 40)
			fmt.Fprintf(p.out, "%s  %7s  %-5s  %s\n", fit("rater", width), "answers", "link", "last answer (UTC)")
			for _, rater := range all {
				link, last := "no", ""
				if rater.Link {
					link = "yes"
				}
				if rater.Last != nil {
					last = rater.Last.Format("2006-01-02 15:04")
				}
				fmt.Fprintf(p.out, "%s  %7d  %-5s  %s\n", fit(rater.Rater, width), rater.Answers, link, last)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

func (p *program) labelForgetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "forget FILE RATER",
		Short: "Delete for good what a rater said, with the name and the link",
		Long: "Delete for good what a rater said of an experiment's images, with the name and the\n" +
			"link. It cannot be undone. What runs made of the answers before, tables of labels\n" +
			"and all that followed, stays in the store until the runs are removed.",
		Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			d, err := p.judgements(command, args[0], database.Read)
			if err != nil {
				return err
			}
			d.Close() // there is one: nothing is made to forget somebody
			if d, err = p.judgements(command, args[0], database.Open); err != nil {
				return err
			}
			defer d.Close()
			n, err := d.Forget(command.Context(), args[1])
			if errors.Is(err, database.ErrUnknown) {
				return fmt.Errorf("there is no rater %q: `%s` lists all", args[1], p.command("label raters", args[0]))
			}
			if err != nil {
				return exit{exitFailed, err}
			}
			fmt.Fprintf(p.out, "%s of %s deleted, with the name and the link.\n", plural(n, "answer", "answers"), args[1])
			fmt.Fprintf(p.err, "\n%s\n", indent("Tables of labels that runs made of them before still have them: `plumb runs` lists runs, `plumb runs rm` removes one, and `plumb store gc` what is of no run any more. Exports are where you put them.", 0, 80))
			return nil
		},
	}
}

// judgements opens the judgements of an experiment.
func (p *program) judgements(command *cobra.Command, file string, open func(string) (*database.Database, error)) (*database.Database, error) {
	s, err := p.read(command.Context(), file)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	d, err := open(s.Judgements())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("nobody has judged anything of %s yet: %s is not there", file, nearby(s.Judgements()))
	}
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	return d, nil
}
