package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling"
	"github.com/plumb-ml/plumb/labelling/exchange"
)

func (p *program) labelStatusCommand() *cobra.Command {
	consensus := ""
	command := &cobra.Command{
		Use:   "status FILE|DATABASE|LABELS",
		Short: "Say how far people are, how far they agree, and whose answers should be looked at",
		Long: "Say what people's answers are worth: how far they agree beyond chance, how each rater\n" +
			"answers beside the others, and what they say together. Of an experiment or an\n" +
			"ablation (FILE) each question is described, with what is still missing; of a\n" +
			"judgements.sqlite (DATABASE) what it holds. LABELS is a CSV or Parquet file as a\n" +
			"labels block names it, or a table of labels that `plumb export` wrote.\n\n" +
			"Intervals are of 95 %, over prompts. A rater is doubted who agrees with the\n" +
			"majority of the others less than these do, by more than chance makes of all raters\n" +
			"together; who always gives the same answer; who has fewer known answers right, or\n" +
			"says less often the same of the same image than the others; who fails attention\n" +
			"checks, skips much more, or answers faster than one can see. That is no verdict:\n" +
			"nobody's answers are left out. The accuracy is by the consensus of Dawid and Skene\n" +
			"(1979).",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			h := &heard{}
			var status []questionStatus
			if isExperiment(args[0]) || isDatabase(args[0]) {
				var err error
				if h, err = p.hear(command.Context(), args[0]); err != nil {
					return err
				}
				defer h.close()
				status = h.status()
			} else {
				given, problems := labels.Import(args[0], nil)
				if err := problems.Err(); err != nil {
					return err
				}
				p.warn(problems)
				_, h.judgements = labelling.OfLabels(given)
				for _, one := range labelling.StatusOf(h.questions(), nil, h.judgements, nil) {
					status = append(status, questionStatus{Status: one})
				}
			}
			if consensus != "" {
				if err := exchange.WriteConsensus(consensus, labelling.ConsensusOf(h.questions(), h.judgements)); err != nil {
					return failedToWrite(consensus, err)
				}
			}
			if p.json {
				return p.writeJSON(status)
			}
			p.writeQuestions(h, status, isExperiment(args[0]) || isDatabase(args[0]))
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	command.Flags().StringVar(&consensus, "consensus", "", "write what the raters say of each item together into this file (.csv, .parquet or .jsonl)")
	return command
}

// questionStatus is a question's status, and what it waits for but for people.
type questionStatus struct {
	labelling.Status
	Undrawn  []string  `json:"undrawn,omitempty"`  // stages whose images are to be made first
	Problems diag.List `json:"problems,omitempty"` // why it cannot be asked
}

// status is that of each question, and of those that are answered and no longer asked.
func (h *heard) status() []questionStatus {
	questions, items := h.questions(), h.items()
	names := map[string]bool{}
	for _, question := range questions {
		names[question.Name] = true
	}
	for _, question := range labelling.QuestionsOf(h.judgements) {
		if !names[question.Name] {
			questions = append(questions, question)
		}
	}
	var all []questionStatus
	for i, one := range labelling.StatusOf(questions, items, h.judgements, h.reported) {
		status := questionStatus{Status: one}
		if i < len(h.asked) {
			status.Undrawn, status.Problems = h.asked[i].Undrawn, h.asked[i].Problems
		}
		all = append(all, status)
	}
	return all
}

// writeQuestions prints the status of questions, named where there may be several.
func (p *program) writeQuestions(h *heard, all []questionStatus, named bool) {
	if len(all) == 0 {
		fmt.Fprintln(p.out, "nobody has said anything yet")
	}
	for i, one := range all {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		if named {
			fmt.Fprintln(p.out, p.bold(p.out, one.Question))
		}
		if h.loaded != nil {
			p.writeWaiting(h, i, one)
		}
		switch {
		case len(one.Raters) > 0:
			p.writeLabelStatus(one.Status)
		case named:
			fmt.Fprintln(p.out, "nobody has said anything yet")
		}
	}
}

// writeWaiting says what a question waits for.
func (p *program) writeWaiting(h *heard, i int, one questionStatus) {
	if i >= len(h.asked) {
		fmt.Fprintln(p.out, "the experiment does not ask this now: its answers are kept, and count when it does")
		return
	}
	if one.Progress != nil {
		fmt.Fprintln(p.out, indent(progressText(one.Kind, *one.Progress), 0, 80))
		if one.Progress.Missing > 0 {
			fmt.Fprintf(p.out, "%s asks for them\n", p.command("label", h.File))
		}
	}
	if len(one.Undrawn) > 0 {
		fmt.Fprintln(p.out, indent(fmt.Sprintf("images are to be drawn first by %s: %s", strings.Join(one.Undrawn, ", "), p.command("run", h.File)), 0, 80))
	}
	for _, problem := range one.Problems {
		fmt.Fprintln(p.out, indent(fmt.Sprintf("it cannot be asked: %s. %s", problem.Summary, problem.Detail), 0, 80))
	}
}

// wordsFor are the words for what a kind of question asks, and of what.
var wordsFor = map[people.Kind]struct{ answer, answers, item, items string }{
	people.Rate:    {"label", "labels", "image", "images"},
	people.Compare: {"choice", "choices", "pair", "pairs"},
	people.Rank:    {"ranking", "rankings", "set", "sets"},
}

// writeLabelStatus prints what the answers to a question are worth, within 80 columns.
func (p *program) writeLabelStatus(s labelling.Status) {
	words := wordsFor[s.Kind]
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
	words := wordsFor[s.Kind]
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
	fmt.Fprintf(p.out, "\n%s  %8s %6s %6s  %-21s %7s %8s\n", fit("rater", width), wordsFor[s.Kind].answers, "skips", head, "agrees with others %", "they do", "accuracy")
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
