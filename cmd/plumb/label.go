package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/labelling"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

func (p *program) labelCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "label",
		Short: "Look at the labels that people gave",
	}
	command.AddCommand(p.labelStatusCommand())
	return command
}

func (p *program) labelStatusCommand() *cobra.Command {
	consensus := ""
	command := &cobra.Command{
		Use:   "status LABELS",
		Short: "Say how far raters agree, and whose answers should be looked at",
		Long: "Say what labels of people are worth: how far they agree beyond chance, how each\n" +
			"rater answers beside the others, and what they say together. LABELS is a CSV or\n" +
			"Parquet file as a labels block names it, or a table of labels that `plumb export`\n" +
			"wrote.\n\n" +
			"Intervals are of 95 %, over prompts. A rater is doubted who agrees with the\n" +
			"majority of the others less than these do, by more than chance makes of all raters\n" +
			"together, or who always gives the same answer. That is no verdict: nobody's labels\n" +
			"are left out. The accuracy by the consensus is that of Dawid and Skene (1979).",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			given, problems := labels.Import(args[0], nil)
			if err := problems.Err(); err != nil {
				return err
			}
			p.warn(problems)
			status, images := labelling.StatusOf(given)
			if consensus != "" {
				if err := writeConsensus(consensus, images); err != nil {
					return exit{exitFailed, fmt.Errorf("write %s: %w", consensus, err)}
				}
			}
			if p.json {
				return p.writeJSON(status)
			}
			p.writeLabelStatus(status)
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	command.Flags().StringVar(&consensus, "consensus", "", "write what the raters say of each image together into this CSV file")
	return command
}

// writeLabelStatus prints what labels are worth, within 80 columns.
func (p *program) writeLabelStatus(s labelling.Status) {
	fmt.Fprintf(p.out, "%s of %s of %s by %s", plural(s.Labels, "label", "labels"), plural(s.Images, "image", "images"), plural(s.Prompts, "prompt", "prompts"), plural(len(s.Raters), "rater", "raters"))
	if s.Skips > 0 {
		fmt.Fprintf(p.out, ", %d skipped", s.Skips)
	}
	fmt.Fprintln(p.out)
	if s.Judged > 0 {
		fmt.Fprintf(p.out, "good by the majority %s of %s, even %s", percent(s.Good, s.Judged), plural(s.Judged, "image", "images"), percent(s.Even, s.Judged))
		if s.Consensus != nil {
			fmt.Fprintf(p.out, ", good by consensus %s", percent(*s.Consensus, s.Judged))
		}
		fmt.Fprintln(p.out)
	}
	fmt.Fprintln(p.out, "\nagreement beyond chance (1: perfect, 0: chance)")
	for _, one := range []struct {
		name   string
		number *labelling.Number
		scale  float64
	}{{"Krippendorff's alpha", &s.Krippendorff, 1}, {"Fleiss' kappa", &s.Fleiss, 1}, {"Cohen's kappa", s.Cohen, 1}} {
		if one.number != nil {
			fmt.Fprintf(p.out, "  %-21s %s\n", one.name, indent(estimated(*one.number, 1, "%.3f"), 24, 80))
		}
	}
	if len(s.Raters) == 0 {
		return
	}
	width := len("rater")
	for _, rater := range s.Raters {
		width = max(width, len([]rune(rater.Name)))
	}
	width = min(width, 24)
	fmt.Fprintf(p.out, "\n%s  %7s %6s %6s  %-21s %7s %8s\n", fit("rater", width), "labels", "skips", "good %", "agrees with others %", "they do", "accuracy")
	for _, rater := range s.Raters {
		fmt.Fprintf(p.out, "%s  %7d %6d %6s  %-21s %7s %8s\n", fit(rater.Name, width), rater.Labels, rater.Skips,
			shareOf(rater.Good), estimated(rater.Agrees, 100, "%.1f"), shareOf(rater.Others), shareOf(rater.Accuracy))
	}
	doubted := false
	for _, rater := range s.Raters {
		for _, doubt := range rater.Doubts {
			if !doubted {
				fmt.Fprintln(p.out, "\nto be looked at")
			}
			doubted = true
			fmt.Fprintf(p.out, "  %s\n", indent(fmt.Sprintf("%s %s.", rater.Name, doubt), 4, 80))
		}
	}
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of)) }

func shareOf(share *float64) string {
	if share == nil {
		return "n/a"
	}
	return fmt.Sprintf("%.1f", 100**share)
}

// estimated is a number, on a scale, with its interval, or why there is none.
func estimated(n labelling.Number, scale float64, format string) string {
	if n.Value == nil && scale == 1 && n.Note != "" {
		return "n/a: " + n.Note
	}
	if n.Value == nil {
		return "n/a"
	}
	text := fmt.Sprintf(format, scale**n.Value)
	switch {
	case n.Low != nil:
		text += fmt.Sprintf(" ["+format+", "+format+"]", scale**n.Low, scale**n.High)
	case scale == 1 && n.Note != "":
		text += " (" + n.Note + ")"
	}
	return text
}

// writeConsensus writes a row for each image.
func writeConsensus(path string, images []labelling.ImageConsensus) error {
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := consensusRows(file, images); err != nil {
		return err
	}
	return file.Commit()
}

func consensusRows(w io.Writer, images []labelling.ImageConsensus) error {
	rows := csv.NewWriter(w)
	rows.Write(strings.Split("image_id,prompt,good,bad,majority,chance", ",")) // an error comes again with Flush
	for _, image := range images {
		rows.Write([]string{image.ImageID, image.Prompt, strconv.Itoa(image.Good), strconv.Itoa(image.Bad), image.Majority, strconv.FormatFloat(image.Chance, 'g', 6, 64)})
	}
	rows.Flush()
	return rows.Error()
}
