package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling"
	"github.com/plumb-ml/plumb/labelling/exchange"
)

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
			question, judgements := labelling.OfLabels(given)
			questions := []people.Question{question}
			if consensus != "" {
				if err := exchange.WriteConsensus(consensus, labelling.ConsensusOf(questions, judgements)); err != nil {
					return exit{exitFailed, fmt.Errorf("write %s: %w", consensus, err)}
				}
			}
			status := labelling.StatusOf(questions, nil, judgements, nil)
			if p.json {
				return p.writeJSON(status)
			}
			for _, one := range status {
				p.writeLabelStatus(one)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	command.Flags().StringVar(&consensus, "consensus", "", "write what the raters say of each item together into this file (.csv, .parquet or .jsonl)")
	return command
}

// asked are the words for what a kind of question asks, and of what.
var asked = map[people.Kind]struct{ answer, answers, item, items string }{
	people.Rate:    {"label", "labels", "image", "images"},
	people.Compare: {"choice", "choices", "pair", "pairs"},
	people.Rank:    {"ranking", "rankings", "set", "sets"},
}

// writeLabelStatus prints what the answers to a question are worth, within 80 columns.
func (p *program) writeLabelStatus(s labelling.Status) {
	words := asked[s.Kind]
	fmt.Fprintf(p.out, "%s of %s of %s by %s", plural(s.Answers, words.answer, words.answers), plural(s.Items, words.item, words.items), plural(s.Prompts, "prompt", "prompts"), plural(len(s.Raters), "rater", "raters"))
	if s.Skips > 0 {
		fmt.Fprintf(p.out, ", %d skipped", s.Skips)
	}
	fmt.Fprintln(p.out)
	for _, aspect := range s.Aspects {
		if said := together(s, aspect); said != "" {
			if len(s.Aspects) > 1 {
				said = aspect.Aspect + ": " + said
			}
			fmt.Fprintln(p.out, indent(said, 2, 80))
		}
	}
	fmt.Fprintln(p.out, "\nagreement beyond chance (1: perfect, 0: chance)")
	for _, aspect := range s.Aspects {
		name := ""
		if len(s.Aspects) > 1 {
			name = ", " + aspect.Aspect
		}
		for _, one := range []struct {
			name   string
			number *labelling.Number
		}{{"Krippendorff's alpha", &aspect.Krippendorff}, {"Fleiss' kappa", &aspect.Fleiss}, {"Cohen's kappa", aspect.Cohen}} {
			if one.number != nil {
				width := 21 + len(name)
				fmt.Fprintf(p.out, "  %-*s %s\n", width, one.name+name, indent(estimated(*one.number, 1, "%.3f"), width+3, 80))
			}
		}
	}
	if len(s.Raters) == 0 {
		return
	}
	p.writeRaters(s)
	var doubts []string
	for _, rater := range s.Raters {
		for _, doubt := range rater.Doubts {
			doubts = append(doubts, rater.Name+" "+doubt)
		}
	}
	if doubts = append(doubts, s.Doubts...); len(doubts) > 0 {
		fmt.Fprintln(p.out, "\nto be looked at")
		for _, doubt := range doubts {
			fmt.Fprintf(p.out, "  %s\n", indent(doubt+".", 4, 80))
		}
	}
}

// together is what raters say of all items together; "" if nobody says anything.
func together(s labelling.Status, aspect labelling.AspectStatus) string {
	words := asked[s.Kind]
	if aspect.Judged == 0 {
		return ""
	}
	of := plural(aspect.Judged, words.item, words.items)
	text := ""
	switch s.Kind {
	case people.Rate:
		text = fmt.Sprintf("good by the majority %s of %s, even %s", percent(aspect.Majority[people.Good], aspect.Judged), of, percent(aspect.Even, aspect.Judged))
		if aspect.Consensus != nil {
			text += ", good by consensus " + percent(aspect.Consensus[people.Good], aspect.Judged)
		}
	case people.Compare:
		text = fmt.Sprintf("ties by the majority %s of %s, even %s", percent(aspect.Majority[people.Tie], aspect.Judged), of, percent(aspect.Even, aspect.Judged))
	default:
		return fmt.Sprintf("even on %s of %s within sets", percent(aspect.Even, aspect.Judged), plural(aspect.Judged, "pair", "pairs"))
	}
	return text
}

// writeRaters prints a table of the raters beside each other, and one of how they go about
// it where that is known.
func (p *program) writeRaters(s labelling.Status) {
	width := len("rater")
	known := false // how they go about it
	for _, rater := range s.Raters {
		width = max(width, len([]rune(rater.Name)))
		known = known || rater.Seconds != nil || rater.Gold != nil || rater.Attention != nil || rater.Again != nil
	}
	width = min(width, 20)
	word := map[people.Kind]string{people.Rate: people.Good, people.Compare: people.Tie, people.Rank: ""}[s.Kind]
	head := ""
	if word != "" {
		head = word + " %"
	}
	fmt.Fprintf(p.out, "\n%s  %8s %6s %6s  %-21s %7s %8s\n", fit("rater", width), asked[s.Kind].answers, "skips", head, "agrees with others %", "they do", "accuracy")
	for _, rater := range s.Raters {
		given := ""
		if share, ok := rater.Given[word]; ok {
			given = shareOf(&share)
		} else if word != "" {
			given = "n/a"
		}
		fmt.Fprintf(p.out, "%s  %8d %6d %6s  %-21s %7s %8s\n", fit(rater.Name, width), rater.Answers, rater.Skips,
			given, estimated(rater.Agrees, 100, "%.1f"), shareOf(rater.Others), shareOf(rater.Accuracy))
	}
	if !known {
		return
	}
	checks := func(c *labelling.Checks) string {
		if c == nil {
			return "n/a"
		}
		return fmt.Sprintf("%d of %d", c.Right, c.Of)
	}
	fmt.Fprintf(p.out, "\n%s  %9s %8s  %10s  %10s  %10s\n", fit("rater", width), "s an item", "too fast", "gold right", "attentive", "same again")
	for _, rater := range s.Raters {
		seconds := "n/a"
		if rater.Seconds != nil {
			seconds = fmt.Sprintf("%.1f", *rater.Seconds)
		}
		fmt.Fprintf(p.out, "%s  %9s %8d  %10s  %10s  %10s\n", fit(rater.Name, width), seconds, rater.Fast, checks(rater.Gold), checks(rater.Attention), checks(rater.Again))
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
