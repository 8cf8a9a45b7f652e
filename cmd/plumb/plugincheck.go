package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/conformance"
)

const (
	// checkPatience is how soon a cancelled call must be over.
	checkPatience = 2 * time.Second
	// checkTolerance is the relative difference that answers may show between batches.
	checkTolerance = 1e-4
	// goPatience is how soon a plugin that is asked to stop must be gone.
	goPatience = 10 * time.Second
)

// checkFlags are the flags of `plumb plugin check`.
type checkFlags struct {
	component   string
	settings    []string
	prompts     []string
	fit         bool
	size        string
	patience    time.Duration
	writeGolden bool
}

func (p *program) pluginCheckCommand() *cobra.Command {
	var flags checkFlags
	command := &cobra.Command{
		Use:   "check BINARY | DIRECTORY | FILE.py | -- COMMAND ...",
		Short: "Hold a plugin against all that is asked of one",
		Long: "Hold a plugin against all that is asked of one, in whatever language it is:\n" +
			"description, options, order and number of answers, batches, seeds, prompts\n" +
			"in any script, images of 1 x 1 to 2048 x 2048 pixels, 1,000 images, several\n" +
			"instances, cancelling, stopping, and the death of the host; and its golden\n" +
			"scores, if it ships any. What breaks no rule and looks wrong is told as well,\n" +
			"such as a score that does not depend on the image.\n\n" +
			"It runs the plugin.",
		Args: func(command *cobra.Command, args []string) error {
			if command.ArgsLenAtDash() == 0 && len(args) > 0 {
				return nil
			}
			return cobra.ExactArgs(1)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			var words []string
			if command.ArgsLenAtDash() == 0 {
				words = args
			}
			return p.checkPlugin(command.Context(), args[0], words, flags)
		},
	}
	set := command.Flags()
	set.StringVar(&flags.component, "component", "", "check this component alone")
	set.StringArrayVar(&flags.settings, "set", nil, "NAME=VALUE: set an option of the component; repeatable")
	set.StringArrayVar(&flags.prompts, "prompt", nil, "ask about this prompt, for a component that knows few words; repeatable")
	set.StringVar(&flags.size, "size", "", "WIDTHxHEIGHT: the only size of images that the component takes; others are to be refused")
	set.BoolVar(&flags.fit, "fit", false, "also fit components that learn, on 24 images, twice; choose few steps by --set")
	set.DurationVar(&flags.patience, "patience", 3*time.Minute, "how long one check may take")
	set.BoolVar(&flags.writeGolden, "write-golden", false, "write the scores that rewards give now into golden/ beside the plugin")
	set.BoolVar(&p.json, "json", false, "print the outcome as JSON")
	return command
}

// checkReport is the outcome of all checks.
type checkReport struct {
	Plugin      string            `json:"plugin"`
	Version     string            `json:"version"`
	Environment map[string]string `json:"environment,omitempty"`
	Components  []checkedPart     `json:"components"`
	Process     []checked         `json:"process"`
	Passed      int               `json:"passed"`
	Failed      int               `json:"failed"`
	Findings    int               `json:"findings"`
}

// checkedPart is the checks of a component.
type checkedPart struct {
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Skipped string    `json:"skipped,omitempty"` // why nothing was checked
	Checks  []checked `json:"checks"`
}

// checked is the outcome of a check.
type checked struct {
	Name     string   `json:"name"`
	What     string   `json:"what"`
	Error    string   `json:"error,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	Findings []string `json:"findings,omitempty"`
}

// checkPlugin makes all checks, and tells of each when it is over.
func (p *program) checkPlugin(ctx context.Context, target string, words []string, flags checkFlags) error {
	t, err := p.tried(ctx, target, words)
	if err != nil {
		return err
	}
	defer t.Kill()
	components, err := t.components(flags.component)
	if err != nil {
		return err
	}
	report := &checkReport{Plugin: t.description.Name, Version: t.description.Version, Environment: t.description.Environment}
	p.tell("%s\n", p.bold(p.out, strings.TrimSpace(report.Plugin+" "+report.Version)))
	if len(report.Environment) > 0 {
		var versions []string
		for _, name := range slices.Sorted(maps.Keys(report.Environment)) {
			versions = append(versions, name+" "+strings.TrimPrefix(report.Environment[name], name))
		}
		p.tell("  with %s\n", indent(strings.Join(versions, ", "), 7, 80))
	}
	for _, component := range components {
		part := checkedPart{Kind: string(component.Kind), Name: component.Name}
		p.tell("\n%s\n", p.bold(p.out, fmt.Sprintf("%s %q", component.Kind, component.Name)))
		one, err := p.caseOf(ctx, component, flags)
		if err != nil {
			if len(components) == 1 || !errors.As(err, new(*notGiven)) {
				return err
			}
			part.Skipped = err.Error()
			p.tell("  skipped: %s\n", indent(part.Skipped, 11, 80))
			report.Components = append(report.Components, part)
			continue
		}
		for _, check := range append(conformance.Checks(component, one), conformance.Trials(component, one)...) {
			outcome, tooLong, err := flags.bounded(ctx, check, t)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.toldOf(report, &part.Checks, checked{check.Name, check.What, messageOf(err), outcome.Notes, outcome.Findings})
			if tooLong {
				part.Skipped = "the other checks are left out, as they would take as long"
				p.tell("  skipped: %s\n", indent(part.Skipped, 11, 80))
				break
			}
		}
		if part.Skipped == "" && component.Kind == sdk.KindReward && len(words) == 0 && t.component == "" {
			golden, err := p.checkGolden(ctx, t, component, one, pluginDirectory(target), flags.writeGolden)
			if err != nil {
				return err
			}
			if golden.Name != "" {
				p.toldOf(report, &part.Checks, golden)
			}
		}
		report.Components = append(report.Components, part)
	}
	if t.component == "" {
		p.tell("\n%s\n", p.bold(p.out, "process"))
		p.toldOf(report, &report.Process, p.checkStop(ctx, t))
		bounded, stop := context.WithTimeout(ctx, flags.patience)
		orphans := p.checkOrphans(bounded, target, words, components, flags)
		stop()
		p.toldOf(report, &report.Process, orphans)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.json {
		encoder := json.NewEncoder(p.raw)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	}
	summary := plural(report.Passed, "check", "checks") + " passed"
	if report.Failed > 0 {
		summary += fmt.Sprintf(", %d failed", report.Failed)
	}
	if report.Findings > 0 {
		summary += fmt.Sprintf(", %s to look at", plural(report.Findings, "thing", "things"))
	}
	p.tell("\n%s.\n", summary)
	if report.Failed > 0 {
		return exit{code: exitFailed}
	}
	return nil
}

// bounded makes a check in the time that one may take.
func (f checkFlags) bounded(ctx context.Context, check conformance.Check, t *triedPlugin) (outcome conformance.Outcome, tooLong bool, err error) {
	bounded, stop := context.WithTimeout(ctx, f.patience)
	defer stop()
	outcome, err = check.Run(bounded, t)
	if err != nil && bounded.Err() != nil {
		return outcome, true, fmt.Errorf("it was not over after %v: it hangs, or needs more time (--patience)", f.patience)
	}
	return outcome, false, err
}

// caseOf is how a component is tried.
func (p *program) caseOf(ctx context.Context, component sdk.Description, f checkFlags) (conformance.Case, error) {
	one := conformance.Case{
		Kind: component.Kind, Component: component.Name, Backend: p.backend, Patience: checkPatience, Tolerance: checkTolerance,
	}
	if one.Backend == "" {
		one.Backend = "auto"
	}
	for _, text := range f.prompts {
		one.Prompts = append(one.Prompts, sdk.Prompt{Text: text})
	}
	if f.size != "" {
		if _, err := fmt.Sscanf(f.size, "%dx%d", &one.Size[0], &one.Size[1]); err != nil || one.Size[0] < 1 || one.Size[1] < 1 || one.Size[0] > 4096 || one.Size[1] > 4096 {
			return one, fmt.Errorf("--size %s: want WIDTHxHEIGHT, such as 224x224", f.size)
		}
	}
	if f.fit {
		one.Fit = &sdk.FitRequest{}
	}
	var err error
	one.Config, err = p.settings(ctx, "--set", f.settings).configure(component)
	return one, err
}

// tell prints for people, unless a program reads.
func (p *program) tell(format string, arguments ...any) {
	if !p.json {
		fmt.Fprintf(p.out, format, arguments...)
	}
}

// toldOf tells of a check, and counts it.
func (p *program) toldOf(report *checkReport, to *[]checked, one checked) {
	*to = append(*to, one)
	mark := "ok    "
	if one.Error != "" {
		mark = "FAILED"
		report.Failed++
	} else {
		report.Passed++
	}
	report.Findings += len(one.Findings)
	p.tell("  %s  %-13s  %s\n", mark, one.Name, indent(one.What, 25, 80))
	const margin = 25
	for _, note := range one.Notes {
		p.tell("%*s%s\n", margin, "", indent(note, margin, 80))
	}
	for _, finding := range one.Findings {
		p.tell("  LOOK   %*s%s\n", margin-9, "", indent(finding, margin, 80))
	}
	for line := range strings.Lines(one.Error) {
		p.tell("%*s%s\n", margin, "", indent(strings.TrimRight(line, "\n"), margin, 80))
	}
}

// messageOf is an error in words; empty without one.
func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// pluginDirectory is where a plugin's golden scores lie: beside it.
func pluginDirectory(target string) string {
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		return target
	}
	return filepath.Dir(target)
}

// checkGolden compares or writes golden scores; the zero checked if there are none.
func (p *program) checkGolden(ctx context.Context, t *triedPlugin, component sdk.Description, one conformance.Case, dir string, write bool) (checked, error) {
	out := checked{Name: "golden", What: "golden scores are met"}
	if write {
		path, err := conformance.WriteGolden(ctx, t, component, one, dir)
		if err != nil {
			return checked{}, failed(err)
		}
		out.What, out.Notes = "golden scores are written", []string{path}
		return out, nil
	}
	if !conformance.HasGolden(dir, component.Name) {
		return checked{}, nil
	}
	out.Error = messageOf(conformance.CheckGolden(ctx, t, []sdk.Description{component}, dir))
	return out, nil
}

// checkStop asks the plugin to stop: all of its processes go, soon.
func (p *program) checkStop(ctx context.Context, t *triedPlugin) checked {
	out := checked{Name: "stop", What: "it goes when it is asked to, with all that it started"}
	running := descendants(os.Getpid())
	since := time.Now()
	if err := t.Stop(ctx); err != nil {
		out.Error = messageOf(err)
		return out
	}
	took := time.Since(since)
	if left := stillThere(running, 2*time.Second); len(left) > 0 {
		out.Error = fmt.Sprintf("%s still there: %v", plural(len(left), "process is", "processes are"), left)
	} else if took > goPatience {
		out.Error = fmt.Sprintf("it took %.1f s", took.Seconds())
	} else {
		out.Notes = []string{fmt.Sprintf("%.1f s", took.Seconds())}
	}
	if !canSeeProcesses {
		out.Notes = append(out.Notes, "processes are not looked for on this system")
	}
	return out
}
