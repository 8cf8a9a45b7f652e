package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/core/wordwrap"
	"github.com/plumb-ml/plumb/reports"
)

// stopPatience is how long plugins may take to end by themselves.
const stopPatience = 5 * time.Second

func (p *program) runCommand() *cobra.Command {
	var flags askedFlags
	command := &cobra.Command{
		Use:   "run FILE",
		Short: "Run what of an experiment or ablation is not done yet, and print its tables",
		Long: "Run what of an experiment or ablation is not done yet, and print its tables.\n" +
			"Finished stages are cached: run the same command again after an interruption,\n" +
			"a failure or a change, and only what is missing runs. Ctrl-C stops in good\n" +
			"order, a second one at once.\n\n" +
			"The report is in RUNS/NAME@ID/report, where the ID is made of all that is\n" +
			"computed: other variables or another file are another run, and overwrite nothing.\n" +
			"RUNS/NAME leads to the run that came to its end last; `plumb runs` lists all.\n\n" +
			"A STAGE is named as `plumb plan` does, by the beginning of its name, or with *.\n\n" +
			"Exit codes: 0 done; 1 a stage failed; 2 a mistake in the file or the command;\n" +
			"3 nothing failed, and stages wait for people's labels; 130 interrupted.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			s, err := p.load(ctx, args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			if s.Name == filepath.Base(p.storePath()) && filepath.Dir(p.storePath()) == filepath.Clean(p.runsDir) {
				return fmt.Errorf("%s: an experiment of the name %q would write into the store; rename it, or give --store", s.File, s.Name)
			}
			if err := s.Check(ctx); err != nil {
				return err
			}
			if err := s.Missing().Err(); err != nil {
				return err
			}
			p.tellStore("a new one is made, and everything is to run")
			forecast, err := s.forecast()
			if err != nil {
				return err
			}
			asked, err := flags.resolve(s.Plan, forecast)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			costs := s.Costs(forecast)
			p.writePlan(p.err, s, forecast, costs, true)
			forecast = p.tellAsked(asked, forecast)
			p.warn(s.Warnings)
			if notice := simdNotice(); notice != "" && !forecast.Complete {
				fmt.Fprintf(p.err, "\n%s\n", notice)
			}
			tracking := s.startTracking()
			result, err := s.run(ctx, forecast, costs, asked, tracking.sink())
			if result == nil {
				tracking.abandon()
				return exit{exitFailed, elsewhere(err)}
			}
			if err != nil { // all that could be done was, and how it ended cannot be written down
				fmt.Fprintf(p.err, "\nplumb: %v\n", err)
			}
			ended := s.finish(ctx, result)
			tracking.finish(ctx, result)
			if ended != nil || err == nil {
				return ended
			}
			return exit{code: exitFailed}
		},
	}
	flags.add(command.Flags())
	command.Flags().BoolVar(&p.noTracking, "no-tracking", false, "send nothing to a tracker, whatever the file and MLFLOW_TRACKING_URI say")
	p.addTables(command.Flags())
	command.Flags().BoolVar(&p.json, "json", false, "print the numbers as JSON, as results.json has them, in place of tables")
	return command
}

// tellAsked says how much of a plan is asked for, if that is not all, and returns the
// forecast of it.
func (p *program) tellAsked(asked run.Asked, forecast *run.Forecast) *run.Forecast {
	if asked.Only == nil && len(asked.Again) == 0 {
		return forecast
	}
	part := forecast.Of(asked)
	text := fmt.Sprintf("Asked for: %s to run", plural(part.ToRun, "stage", "stages"))
	if n := len(asked.Again); n > 0 {
		text += fmt.Sprintf(", %d of them again", n)
	}
	if left := len(forecast.Nodes) - len(part.Nodes); left > 0 {
		text += fmt.Sprintf("; %s left", plural(left, "is", "are"))
	}
	fmt.Fprintf(p.err, "\n%s.\n", text)
	return part
}

func (p *program) warn(warnings diag.List) {
	if len(warnings) > 0 {
		fmt.Fprintln(p.err)
		p.complain(warnings)
	}
}

// runDir is where a run's report goes.
func (p *program) runDir(made *record.Run) string { return filepath.Join(p.runsDir, made.FullName()) }

// absoluteRunDir is where a run's report goes, for its record.
func (p *program) absoluteRunDir(made *record.Run) string {
	dir, err := filepath.Abs(p.runDir(made))
	if err != nil {
		return "" // of a working directory that is gone
	}
	return dir
}

// link lets the name of a run, in the directory of runs, lead to it: the run of a
// name that ended last is found where a reader looks first. Where that cannot be,
// the report is found by its full name.
func (p *program) link(made *record.Run) {
	path := filepath.Join(p.runsDir, made.Name)
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		fmt.Fprintf(p.err, "plumb: %s is in the way of a link to %s; remove or rename it\n", path, made.FullName())
		return
	}
	if target, err := os.Readlink(path); err == nil && target == made.FullName() {
		return
	}
	fresh := filepath.Join(p.runsDir, "."+made.FullName()+".link")
	os.Remove(fresh)
	if err := os.Symlink(made.FullName(), fresh); err != nil {
		return
	}
	if err := os.Rename(fresh, path); err != nil {
		os.Remove(fresh)
	}
}

func (s *loaded) run(ctx context.Context, forecast *run.Forecast, costs *session.Costs, asked run.Asked, tracked run.Sink) (*run.Result, error) {
	p := s.program
	if !forecast.Complete {
		fmt.Fprintf(p.err, "\nrunning on %s\n", strings.TrimSuffix(s.Environment.Backend+", "+s.Environment.Device, ", "))
	}
	whole := run.NewCountdown(forecast)
	screen := p.newScreen(forecast, whole)
	p.say = screen.Say
	defer func() { p.say = nil }()
	result, err := s.Run(ctx, session.RunOptions{Dir: p.absoluteRunDir, Command: cmp.Or(s.again, p.command("run", s.File)), Export: s.exportCommand, Label: p.command("label", s.File), Repairs: p.repairs(), Sink: run.Tee(screen, tracked), Countdown: whole, Costs: costs, Asked: asked})
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	if stopErr := s.Stop(stopping); stopErr != nil && err == nil && ctx.Err() == nil {
		p.complain(stopErr)
	}
	return result, err
}

// exportCommand is what to type to write the images of a stage or an evaluate block
// for people.
func (s *loaded) exportCommand(sheet, target string) string {
	if here, err := os.Getwd(); err == nil {
		if near, err := filepath.Rel(here, target); err == nil && filepath.IsLocal(near) {
			target = near
		}
	}
	return s.program.command("export", s.File, sheet, target) + " --label-sheet"
}

// command is what to type for a verb with these words, and the flags of this call.
func (p *program) command(verb string, words ...string) string {
	for i, word := range words {
		words[i] = quote(word)
	}
	words = append([]string{"plumb", verb}, words...)
	for _, variable := range p.vars {
		words = append(words, "--var", quote(variable))
	}
	for _, file := range p.varFiles {
		words = append(words, "--var-file", quote(file))
	}
	if p.backend != "" {
		words = append(words, "--backend", p.backend)
	}
	if p.allowPlugins {
		words = append(words, "--allow-plugins")
	}
	if p.runsDir != defaultRunsDir && !p.runsFound {
		words = append(words, "--runs", quote(p.runsDir))
	}
	if p.storeDir != os.Getenv(storeVariable) {
		words = append(words, "--store", quote(p.storeDir))
	}
	return strings.Join(words, " ")
}

func quote(word string) string {
	if strings.ContainsAny(word, " \t\"'$`\\*?[]{}()<>|&;#~!") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// finish tells how the run ended and prints its tables.
func (s *loaded) finish(ctx context.Context, result *run.Result) error {
	p := s.program
	if result.Stopped {
		return s.tellStopped(result)
	}
	s.tellFailures(result)
	s.tellWaiting(result)
	store, err := s.Reader()
	if err != nil {
		return exit{exitFailed, err}
	}
	p.link(result.Run)
	input := reports.Input{Run: result.Run, Records: result.Records, Open: store.File}
	if err := p.report(ctx, input); err != nil {
		return err
	}
	failed, waiting := plural(result.Failed, "stage", "stages")+" failed", waits(result.Waiting)
	notRun := ""
	if result.NotRun > 0 {
		notRun = fmt.Sprintf(", %d not run because of that", result.NotRun)
	}
	text, code := "", exitOK
	switch {
	case result.Failed > 0 && result.Waiting > 0:
		text, code = failed+" and "+waiting+notRun+"; the others are kept. When the cause is gone, go on with", exitFailed
	case result.Failed > 0:
		text, code = failed+notRun+"; the others are kept. When the cause is gone, go on with", exitFailed
	case result.Waiting > 0:
		text, code = waiting+notRun+"; the others are kept. When people have done their part, go on with", exitWaiting
	case result.Left > 0:
		text = plural(result.Left, "stage is", "stages are") + " left, which were not asked for. All are done by"
	default:
		return nil
	}
	fmt.Fprintf(p.err, "\n%s\n  %s\n", indent(text, 0, 80), result.Run.Command)
	if code == exitOK {
		return nil
	}
	return exit{code: code}
}

// tellStopped says how to go on after an interruption, and is the exit of it.
func (s *loaded) tellStopped(result *run.Result) error {
	kept := 0
	for _, outcome := range result.Outcomes {
		if outcome.Record != nil {
			kept++
		}
	}
	fmt.Fprintf(s.program.err, "\nInterrupted. %d of %s are finished and kept. Go on from there with\n  %s\n",
		kept, plural(len(s.Plan.Nodes), "stage", "stages"), result.Run.Command)
	return exit{code: exitInterrupted}
}

// waits counts the stages that wait for people.
func waits(n int) string {
	if n == 1 {
		return "1 stage waits for people"
	}
	return fmt.Sprintf("%d stages wait for people", n)
}

// tellFailures says what failed and why, and what was not run because of that.
func (s *loaded) tellFailures(result *run.Result) {
	if result.Failed == 0 {
		return
	}
	fmt.Fprintln(s.program.err)
	s.tellReasons(result, record.Failed, "In ")
	s.tellNotRun(result, record.Failed, "failed")
}

// tellWaiting says what waits for people and what they have to do.
func (s *loaded) tellWaiting(result *run.Result) {
	if result.Waiting == 0 {
		return
	}
	fmt.Fprintln(s.program.err)
	s.tellReasons(result, record.Waiting, "Waiting: ")
	s.tellNotRun(result, record.Waiting, "waits")
}

// tellReasons prints the diagnostics of the nodes of a status. Stages that ended
// for the same reason, as on a full disk, are told as one.
func (s *loaded) tellReasons(result *run.Result, status record.Status, heading string) {
	p := s.program
	var reasons []diag.List
	var nodes [][]*plan.Node
	for _, node := range s.Plan.Nodes {
		outcome := result.Outcomes[node]
		if outcome.Status != status {
			continue
		}
		at := slices.IndexFunc(reasons, func(told diag.List) bool { return told.Error() == outcome.Diagnostics.Error() })
		if at < 0 {
			at = len(reasons)
			reasons, nodes = append(reasons, outcome.Diagnostics), append(nodes, nil)
		}
		nodes[at] = append(nodes[at], node)
	}
	for i, reason := range reasons {
		var labels []string
		for _, node := range nodes[i] {
			labels = append(labels, node.Label)
		}
		fmt.Fprintf(p.err, "%s\n\n", p.bold(p.err, indent(heading+strings.Join(labels, ", ")+":", 0, 80)))
		p.complain(reason)
	}
}

// tellNotRun lists what was not run because of the nodes of a status.
func (s *loaded) tellNotRun(result *run.Result, status record.Status, verb string) {
	p := s.program
	listed := 0
	for _, node := range s.Plan.Nodes {
		needs := result.Outcomes[node].Needs
		if needs == nil || result.Outcomes[needs].Status != status {
			continue
		}
		if listed++; listed > mostListed {
			continue
		}
		fmt.Fprintf(p.err, "  %s  not run: %s %s\n", pad(node.Label, 32), needs.Label, verb)
	}
	if listed > mostListed {
		fmt.Fprintf(p.err, "  and %s\n", plural(listed-mostListed, "other", "others"))
	}
}

// mostListed is how many stages that were not run are worth listing.
const mostListed = 30

// reportDir is where in a run's directory its report is.
const reportDir = "report"

// report writes the report of a run, prints its tables, and says where they are.
// Where nothing can be written, it is printed all the same.
func (p *program) report(ctx context.Context, input reports.Input) error {
	dir := filepath.Join(p.runDir(input.Run), reportDir)
	err := os.MkdirAll(dir, 0o755)
	var names []string
	if err == nil {
		names, err = reports.Write(ctx, dir, input)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	unwritten := err
	if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return exit{exitFailed, fmt.Errorf("write the report: %w", err)}
	}
	if p.json {
		if err := p.writeResults(input); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(p.out)
		if err := p.printReport(input); err != nil {
			return exit{exitFailed, fmt.Errorf("print the report: %w", err)}
		}
	}
	if unwritten != nil {
		fmt.Fprintf(p.err, "\nplumb: the report's files are not written, as there is nowhere to (%v); --runs names another directory\n", unwritten)
		return nil
	}
	if p.json {
		return nil
	}
	fmt.Fprintln(p.out)
	for _, line := range reported(names) {
		lines := wordwrap.Lines(filepath.Join(dir, line.names), max(p.width(p.out)-9, 20))
		fmt.Fprintf(p.out, "%-9s%s\n", line.what+":", strings.Join(lines, "\n"+strings.Repeat(" ", 9)))
	}
	return nil
}
