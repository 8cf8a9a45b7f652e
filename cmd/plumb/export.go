package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
)

func (p *program) exportCommand() *cobra.Command {
	sheet := false
	command := &cobra.Command{
		Use:   "export FILE STAGE DIR",
		Short: "Copy what a stage made out of the store: a tuned model, a table",
		Long: "Copy what a stage of an experiment made into a directory: checkpoints as they\n" +
			"load outside of plumb, tables as Parquet files. Nothing there is overwritten.\n\n" +
			"With --label-sheet, images are written for people to label: as PNG files, with a\n" +
			"labels.csv that has a row for each. Fill in good, bad or skip, add a column rater\n" +
			"if there are several people, and name the file in the experiment:\n\n" +
			"  labels \"human\" {\n    images = images.labelled\n    path   = \"labels.csv\"\n  }\n\n" +
			"For an evaluation, name the block in the place of a stage, evaluate/NAME: the\n" +
			"images of all its models are written, mixed and without their models' names, but\n" +
			"for those that the block's label file has already. For its preferences, name\n" +
			"evaluate/NAME/preference: pairs of two models' images are written, with a\n" +
			"pairs.csv that has a row for each; fill in first, second, tie or skip.",
		Args: cobra.ExactArgs(3),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := p.load(command.Context(), args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			if judged := judgedFor(s.Plan, args[1]); sheet && len(judged) > 0 {
				return p.exportBlind(s, judged, args)
			}
			if compared := comparedFor(s.Plan, args[1]); sheet && len(compared) > 0 {
				return p.exportPairs(s, compared, args)
			}
			nodes, err := s.Plan.Find(args[1])
			if err != nil {
				if blocks := evaluations(s.Plan); strings.HasPrefix(args[1], evaluatePrefix) && len(blocks) > 0 {
					return fmt.Errorf("%s: %q is no evaluate block whose images people can judge.%s There are %s; with --label-sheet, their images are written",
						args[0], args[1], diag.DidYouMean(args[1], blocks), strings.Join(blocks, ", "))
				}
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if len(nodes) > 1 {
				var labels []string
				for _, node := range nodes {
					labels = append(labels, quote(node.Label))
				}
				return fmt.Errorf("%s: %q names the stages of %d variants; say which:\n  %s", args[0], args[1], len(nodes), strings.Join(labels, "\n  "))
			}
			forecast, err := s.forecast()
			if err != nil {
				return err
			}
			made := forecast.Nodes[nodes[0]].Record
			if made == nil {
				return exit{exitFailed, fmt.Errorf("%s has not run yet with these settings; plumb run %s makes it", nodes[0].Label, args[0])}
			}
			opened, err := s.Reader()
			if err != nil {
				return exit{exitFailed, err}
			}
			if sheet {
				n, err := exportSheet(opened, made, args[2])
				if err != nil {
					return exit{exitFailed, fmt.Errorf("export %s: %w", nodes[0].Label, err)}
				}
				fmt.Fprintf(p.out, "%s to label are in %s; write good, bad or skip into its %s\n", plural(n, "image", "images"), args[2], labels.Sheet)
				return nil
			}
			if err := exportOutputs(opened, made, args[2]); err != nil {
				return exit{exitFailed, fmt.Errorf("export %s: %w", nodes[0].Label, err)}
			}
			fmt.Fprintf(p.out, "%s is in %s\n", nodes[0].Label, args[2])
			return nil
		},
	}
	command.Flags().BoolVar(&sheet, "label-sheet", false, "write images as PNG files with a CSV file for their labels")
	return command
}

// evaluatePrefix and an evaluate block's name stand for all images that are judged
// for it.
const evaluatePrefix = "evaluate/"

// judgedFor lists the stages that have the images of an evaluate block judged, by
// people or by a rater: people may judge what a rater does.
func judgedFor(all *plan.Plan, block string) []*plan.Node {
	return slices.DeleteFunc(slices.Clone(all.Nodes), func(node *plan.Node) bool {
		_, ok := node.Work.(*plan.RateWork)
		return !ok || node.About.Evaluation == "" || evaluatePrefix+node.About.Evaluation != block
	})
}

// evaluations are the evaluate blocks whose images are judged, as export names them.
func evaluations(all *plan.Plan) []string {
	var blocks []string
	for _, node := range all.Nodes {
		block := evaluatePrefix + node.About.Evaluation
		if _, ok := node.Work.(*plan.RateWork); ok && node.About.Evaluation != "" && !slices.Contains(blocks, block) {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// exportBlind writes the images of an evaluate block for people to judge.
func (p *program) exportBlind(s *loaded, judged []*plan.Node, args []string) error {
	forecast, err := s.forecast()
	if err != nil {
		return err
	}
	opened, err := s.Reader()
	if err != nil {
		return exit{exitFailed, err}
	}
	var tables, missing []string
	for _, node := range judged {
		drawn, _ := node.Input(plan.Images)
		made := forecast.Nodes[drawn.Node].Record
		if made == nil {
			missing = append(missing, drawn.Node.Label)
			continue
		}
		table, err := opened.File(made.Outputs[drawn.Output])
		if err != nil {
			return exit{exitFailed, fmt.Errorf("export %s: %w", args[1], err)}
		}
		tables = append(tables, table)
	}
	if len(missing) > 0 {
		return exit{exitFailed, fmt.Errorf("images of %s that are not there yet with these settings: %s; plumb run %s makes them", args[1], strings.Join(missing, ", "), args[0])}
	}
	path := judged[0].Work.(*plan.RateWork).Path // empty if a rater judges, or people are asked
	var known map[string]bool
	if path != "" {
		var problems diag.List
		if known, problems = labels.IDs(path); problems.Err() != nil {
			return problems.Err()
		}
	}
	n, err := labels.WriteBlindSheet(tables, known, args[2])
	if err != nil {
		return exit{exitFailed, fmt.Errorf("export %s: %w", args[1], err)}
	}
	already := ""
	if len(known) > 0 {
		already = fmt.Sprintf("; %s has the labels of %s", filepath.Base(path), plural(len(known), "image", "images"))
	}
	fmt.Fprintf(p.out, "%s to judge are in %s; write good, bad or skip into its %s%s\n", plural(n, "image", "images"), args[2], labels.Sheet, already)
	switch asking := judged[0].Asks(); {
	case asking != nil:
		fmt.Fprintf(p.out, "%s\n", indent(fmt.Sprintf("`%s` asks people about them in a browser. A sheet that somebody has filled in comes in with `%s`.",
			p.command("label", args[0]), p.command("label import", args[0], filepath.Join(args[2], labels.Sheet))), 0, 80))
	case path == "":
		fmt.Fprintf(p.out, "%s\n", indent(fmt.Sprintf("A rater judges them now. For people's labels to count in its place, name their file in the block: alignment { path = %q }", filepath.Join(args[2], labels.Sheet)), 0, 80))
	}
	return nil
}

// comparedFor lists the stages that set two models' images of a preference block side by
// side, which is called as its sheet.
func comparedFor(all *plan.Plan, sheet string) []*plan.Node {
	return slices.DeleteFunc(slices.Clone(all.Nodes), func(node *plan.Node) bool {
		work, ok := node.Work.(*plan.PreferWork)
		return !ok || work.Sheet != sheet
	})
}

// exportPairs writes the pairs of images of a preference block for people to choose
// between.
func (p *program) exportPairs(s *loaded, compared []*plan.Node, args []string) error {
	forecast, err := s.forecast()
	if err != nil {
		return err
	}
	opened, err := s.Reader()
	if err != nil {
		return exit{exitFailed, err}
	}
	var tables [][2]string
	var missing []string
	for _, node := range compared {
		var paths [2]string
		for side, role := range []string{plan.Images, plan.OtherImages} {
			drawn, _ := node.Input(role)
			made := forecast.Nodes[drawn.Node].Record
			if made == nil {
				if !slices.Contains(missing, drawn.Node.Label) {
					missing = append(missing, drawn.Node.Label)
				}
				continue
			}
			if paths[side], err = opened.File(made.Outputs[drawn.Output]); err != nil {
				return exit{exitFailed, fmt.Errorf("export %s: %w", args[1], err)}
			}
		}
		tables = append(tables, paths)
	}
	if len(missing) > 0 {
		return exit{exitFailed, fmt.Errorf("images of %s that are not there yet with these settings: %s; plumb run %s makes them", args[1], strings.Join(missing, ", "), args[0])}
	}
	known := map[string]bool{} // pairs of which somebody has said something
	path := compared[0].Work.(*plan.PreferWork).Path
	if _, err := os.Stat(path); path != "" && err == nil {
		choices, problems := labels.ImportBlindChoices(path)
		if err := problems.Err(); err != nil && !labels.Unfilled(problems) {
			return err
		}
		for _, choice := range choices {
			known[people.ItemID(choice.First, choice.Second)] = true
		}
	}
	n, err := labels.WriteBlindPairs(tables, known, args[2])
	if err != nil {
		return exit{exitFailed, fmt.Errorf("export %s: %w", args[1], err)}
	}
	already := ""
	if len(known) > 0 {
		already = fmt.Sprintf("; %s has choices of %s", filepath.Base(path), plural(len(known), "pair", "pairs"))
	}
	fmt.Fprintf(p.out, "%s to choose between are in %s; write first, second, tie or skip into its %s%s\n", plural(n, "pair of images", "pairs of images"), args[2], labels.Pairs, already)
	if path == "" {
		fmt.Fprintf(p.out, "%s\n", indent(fmt.Sprintf("For people's choices to count, name their file in the block: preference { path = %q }", filepath.Join(args[2], labels.Pairs)), 0, 80))
	}
	return nil
}

// exportSheet writes a record's images for people to label.
func exportSheet(s *store.Store, made *record.Record, target string) (int, error) {
	output, ok := made.Outputs[plan.Images]
	if !ok {
		return 0, errors.New("it makes no images, so there is nothing to label; give a stage that draws or chooses images")
	}
	table, err := s.File(output)
	if err != nil {
		return 0, err
	}
	return labels.WriteSheet(table, target)
}

// exportOutputs copies a record's outputs: the files of its directories as
// they are called there, every other output under its role.
func exportOutputs(s *store.Store, made *record.Record, target string) error {
	var roles []string
	for role := range made.Outputs {
		roles = append(roles, role)
	}
	slices.Sort(roles)
	for _, role := range roles {
		output := made.Outputs[role]
		if !output.Dir {
			source, err := s.File(output)
			if err != nil {
				return err
			}
			if err := copyNew(source, filepath.Join(target, role+".parquet")); err != nil {
				return err
			}
			continue
		}
		members, err := s.Members(output)
		if err != nil {
			return err
		}
		for _, member := range members {
			if err := copyNew(member.File, filepath.Join(target, member.Path)); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyNew copies a file to a path that does not exist yet.
func copyNew(source, target string) (err error) {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close(), os.Remove(target))
	}
	return out.Close()
}
