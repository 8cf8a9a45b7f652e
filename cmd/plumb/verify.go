package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/bundle"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/reports"
)

// verified is what came of a check, for scripts.
type verified struct {
	Bundle  string          `json:"bundle"`
	SHA256  string          `json:"sha256"`
	Run     string          `json:"run"`
	Files   int             `json:"files"`
	Numbers *bundle.Verdict `json:"numbers"`         // measured again from the tables of the bundle
	Tables  []string        `json:"tables"`          // what of the report's tables is another; empty: nothing
	Rerun   *bundle.Verdict `json:"rerun,omitempty"` // of a second run
	Agrees  bool            `json:"agrees"`
}

func (p *program) verifyCommand() *cobra.Command {
	var rerun bool
	var with string
	command := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Work out every number of a bundle again, and say which differ by more than their interval",
		Long: "Check a bundle that `plumb bundle` wrote, of this lab or another. Every file is held\n" +
			"against its digest; every metric, its interval, its tests and the value of each\n" +
			"prompt are worked out again from the labels, scores and features; and the tables\n" +
			"of the report, with what is compared over seeds and corrected, are made again.\n\n" +
			"With --rerun the experiment is run again from its prompts and weights, in a store\n" +
			"of its own (--store names one to go on with), and its numbers are set against the\n" +
			"bundle's. --with DIR has the weights that the bundle lists and does not hold.\n\n" +
			"`plumb store verify` is another thing: it looks for damage in this machine's store.\n\n" +
			"Exit codes: 0 all numbers are the same, or within their interval; 1 some differ, or\n" +
			"the bundle is damaged; 2 it is no bundle, or one of a newer Plumb.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			if with != "" && !rerun {
				return fmt.Errorf("--with has the weights for a second run: give --rerun, too")
			}
			dir, err := os.MkdirTemp("", "plumb-verify-")
			if err != nil {
				return exit{exitFailed, err}
			}
			defer os.RemoveAll(dir)
			opened, err := bundle.Open(ctx, args[0], dir)
			if err != nil {
				return notOpened(args[0], err)
			}
			found := verified{Bundle: args[0], SHA256: opened.SHA256, Run: opened.Manifest.Run, Files: len(opened.Files)}
			if found.Numbers, err = opened.Recompute(ctx); err != nil {
				return err
			}
			if found.Tables, err = otherTables(opened); err != nil {
				return exit{exitFailed, err}
			}
			found.Agrees = found.Numbers.Agrees() && len(found.Tables) == 0
			if !p.json {
				p.tellVerified(found)
			}
			if rerun {
				if found.Rerun, err = p.rerun(ctx, opened, with); err != nil {
					return err
				}
				found.Agrees = found.Agrees && found.Rerun.Agrees()
				if !p.json {
					p.tellVerdict("run again", found.Rerun)
				}
			}
			if p.json {
				if err := p.writeJSON(found); err != nil {
					return err
				}
			}
			if !found.Agrees {
				return exit{code: exitFailed}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&rerun, "rerun", false, "run the experiment again, from its prompts and weights")
	command.Flags().StringVar(&with, "with", "", "with --rerun: a directory that has what the bundle left out, at the paths that it lists")
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return command
}

// notOpened says why a file is no bundle that can be checked, and with which exit code.
func notOpened(path string, err error) error {
	var damaged *bundle.Damaged
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", path)
	case errors.As(err, &damaged):
		text := path + " is not as it was written:"
		for i, problem := range damaged.Problems {
			if i == mostListed {
				text += fmt.Sprintf("\n  and %d others", len(damaged.Problems)-mostListed)
				break
			}
			text += "\n  " + problem
		}
		return exit{exitFailed, errors.New(text + "\nAsk for it again; a copy that agrees with the sha256 that was printed when it was written is whole")}
	}
	return fmt.Errorf("%s: %w", path, err)
}

// otherTables makes the report's tables again and says what of the numbers in them is
// another.
func otherTables(b *bundle.Bundle) ([]string, error) {
	kept := filepath.Join(b.Dir, filepath.FromSlash(bundle.ReportDir), "tables.csv")
	before, err := readTidy(kept)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{}, nil
	}
	if err != nil {
		return []string{"report/tables.csv: " + err.Error()}, nil
	}
	again := filepath.Join(b.Dir, "again")
	if err := reports.WriteNumbers(again, reports.Input{Run: b.Run, Records: b.Records}); err != nil {
		return nil, fmt.Errorf("make the report again: %w", err)
	}
	now, err := readTidy(filepath.Join(again, "tables.csv"))
	if err != nil {
		return nil, err
	}
	differ := []string{}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		fresh, ok := now[key]
		if !ok {
			continue // this Plumb has other tables; the metrics were checked by themselves
		}
		for _, column := range []string{"value", "low", "high", "p"} {
			if one, other := before[key][column], fresh[column]; !sameNumber(one, other) {
				differ = append(differ, fmt.Sprintf("%s: %s is %s, and %s again", key, column, orNone(one), orNone(other)))
			}
		}
		if one, other := before[key]["conclusion"], fresh["conclusion"]; one != other {
			differ = append(differ, fmt.Sprintf("%s: concluded %q, and %q again", key, one, other))
		}
	}
	return differ, nil
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= 1e-9*max(1, math.Abs(x), math.Abs(y))
}

// readTidy reads a tables.csv: rows by what they are of, as cells by column.
func readTidy(path string) (map[string]map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("it is empty")
	}
	numbers := []string{"value", "low", "high", "n", "unit", "p", "conclusion", "interval", "test", "text", "seeds"}
	rows := map[string]map[string]string{}
	for _, line := range lines[1:] {
		cells := map[string]string{}
		var key []string
		for i, name := range lines[0] {
			cells[name] = line[i]
			if !slices.Contains(numbers, name) && line[i] != "" {
				key = append(key, line[i])
			}
		}
		name := strings.Join(key, ", ")
		for n := 2; rows[name] != nil; n++ {
			name = fmt.Sprintf("%s (%d)", strings.Join(key, ", "), n)
		}
		rows[name] = cells
	}
	return rows, nil
}

func (p *program) tellVerified(found verified) {
	fmt.Fprintf(p.out, "%s, sha256 %s\n%s: %s, each as it was written\n", found.Bundle, found.SHA256, found.Run, plural(found.Files, "file", "files"))
	p.tellVerdict("worked out again", found.Numbers)
	if len(found.Tables) == 0 {
		fmt.Fprintln(p.out, "The tables of the report come out the same.")
		return
	}
	fmt.Fprintf(p.out, "%s of the report's tables differ:\n", plural(len(found.Tables), "number", "numbers"))
	p.tellFew(found.Tables)
}

func (p *program) tellFew(lines []string) {
	for i, line := range lines {
		if i == mostListed {
			fmt.Fprintf(p.out, "  and %s; --json has all\n", plural(len(lines)-mostListed, "other", "others"))
			return
		}
		fmt.Fprintln(p.out, indent(line, 2, p.width(p.out)))
	}
}

// tellVerdict says how many numbers agree, and which do not.
func (p *program) tellVerdict(how string, v *bundle.Verdict) {
	text := fmt.Sprintf("%s %s: %d the same", plural(len(v.Numbers), "number", "numbers"), how, v.Count(bundle.Same))
	if n := v.Count(bundle.Within); n > 0 {
		text += fmt.Sprintf(", %d within the interval of the bundle's", n)
	}
	var lines, unjudged []string
	for _, number := range v.Numbers {
		if number.Agreement == bundle.Same || number.Agreement == bundle.Within {
			continue
		}
		of := number.Metric.Name + " of " + number.Metric.Subject
		for _, part := range []string{number.Metric.Versus, number.Metric.Reward, number.Metric.Category, number.Metric.Split, number.Variant} {
			if part != "" {
				of += ", " + part
			}
		}
		if number.Agreement == bundle.Unjudged {
			unjudged = append(unjudged, of+": "+number.Difference)
		} else {
			lines = append(lines, of+": "+number.Difference)
		}
	}
	if lines == nil {
		fmt.Fprintln(p.out, text+"; none differs by more than its interval.")
	} else {
		fmt.Fprintf(p.out, "%s; %d DIFFER:\n", text, len(lines))
		p.tellFew(lines)
	}
	if unjudged != nil {
		fmt.Fprintf(p.out, "%s no interval that could say how far is far, and are not judged:\n", plural(len(unjudged), "other number has", "other numbers have"))
		p.tellFew(unjudged)
	}
	for _, line := range slices.Concat(v.Other, v.Remarks) {
		fmt.Fprintln(p.out, indent(line, 0, p.width(p.out)))
	}
}

// rerun runs the experiment of a bundle again and sets its numbers against the bundle's.
func (p *program) rerun(ctx context.Context, b *bundle.Bundle, with string) (*bundle.Verdict, error) {
	if b.Manifest.File == "" {
		return nil, exit{exitFailed, fmt.Errorf("it cannot be run again, as the experiment is not in the bundle: %s", b.NoFile)}
	}
	root := filepath.Join(b.Dir, filepath.FromSlash(bundle.ExperimentDir))
	if err := p.bringLeftOut(ctx, b, root, with); err != nil {
		return nil, err
	}
	defer p.aside()()
	for i := 0; i+1 < len(b.Arguments); i += 2 {
		switch b.Arguments[i] {
		case "-var":
			p.vars = append(p.vars, b.Arguments[i+1])
		case "-var-file":
			p.varFiles = append(p.varFiles, filepath.Join(root, filepath.FromSlash(b.Arguments[i+1])))
		}
	}
	p.runsDir, p.runsFound, p.remembered = filepath.Join(b.Dir, "runs"), false, nil
	s, err := p.load(ctx, filepath.Join(root, filepath.FromSlash(b.Manifest.File)))
	if err != nil {
		return nil, p.unread(err)
	}
	defer s.Close()
	if err := s.Check(ctx); err != nil {
		return nil, p.unread(err)
	}
	if err := s.Missing().Err(); err != nil {
		return nil, p.unread(err)
	}
	forecast, err := s.forecast()
	if err != nil {
		return nil, err
	}
	result, err := s.run(ctx, forecast, s.Costs(forecast), run.Asked{}, run.Silent{}) // which no tracker has to hear of
	if err != nil && result == nil {
		return nil, exit{exitFailed, err}
	}
	if result.Stopped {
		return nil, exit{code: exitInterrupted}
	}
	s.tellFailures(result)
	s.tellWaiting(result)
	return b.Compare(result.Run, result.Records), nil
}

// unread prints the diagnostics of an experiment of a bundle, whose lines this program
// quotes from files of its own.
func (p *program) unread(err error) error {
	p.complain(err)
	return exit{code: exitUsage}
}

// bringLeftOut puts what the bundle lists and does not hold where the experiment looks
// for it.
func (p *program) bringLeftOut(ctx context.Context, b *bundle.Bundle, root, with string) error {
	var missing []string
	for _, left := range b.LeftOut {
		if left.Path == "" {
			continue
		}
		if with == "" {
			missing = append(missing, fmt.Sprintf("%s, sha256 %s", left.Path, left.SHA256))
			continue
		}
		source, err := filepath.Abs(filepath.Join(with, filepath.FromSlash(left.Path)))
		if err != nil {
			return exit{exitFailed, err}
		}
		digest, err := p.digests().Path(ctx, source)
		if err != nil {
			return fmt.Errorf("--with %s: %w", with, err)
		}
		if digest != left.SHA256 {
			return exit{exitFailed, fmt.Errorf("--with %s: %s is another: its sha256 is %s, and that of the run %s", with, left.Path, digest, left.SHA256)}
		}
		target := filepath.Join(root, filepath.FromSlash(left.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return exit{exitFailed, err}
		}
		if err := os.Symlink(source, target); err != nil {
			return exit{exitFailed, err}
		}
	}
	if missing != nil {
		return fmt.Errorf("the bundle lists these and does not hold them; give a directory that has them at these paths, --with DIR:\n  %s", strings.Join(missing, "\n  "))
	}
	return nil
}
