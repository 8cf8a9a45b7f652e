package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/core/track"
)

func (p *program) runsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "runs [NAME...]",
		Short: "List the runs: when, how far, what tells them apart, how large",
		Long: "List the runs of the store, or those of experiments and ablations of some names.\n" +
			"A run is called NAME@ID; the ID is made of all that it computes: the same file with\n" +
			"the same variables over the same data is the same run and goes on in its place,\n" +
			"everything else is another. Reports are in RUNS/NAME@ID/report, and RUNS/NAME leads\n" +
			"to the run of the name that came to its end last.\n\n" +
			"What a listed run needs is never removed, whatever its state. `plumb runs rm RUN`\n" +
			"takes a run from the list, and `plumb store gc` then what nothing else needs.",
		RunE: func(_ *cobra.Command, names []string) error {
			s, err := p.readStore()
			if err != nil {
				return err
			}
			defer s.Close()
			listed, err := p.listRuns(s, names)
			if err != nil {
				return err
			}
			if p.json {
				return p.writeJSON(listed)
			}
			p.writeRuns(s, listed)
			return nil
		},
	}
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	command.AddCommand(p.runsRemoveCommand())
	return command
}

func (p *program) runsRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rm RUN...",
		Short: "Take runs from the list, with their reports; what they made stays until store gc",
		Long: "Take runs from the list, and remove their reports. RUN is NAME@ID as `plumb runs`\n" +
			"prints it; the beginning of the ID is enough, and NAME alone if there is only one.\n" +
			"What the runs made stays in the store until `plumb store gc`; until then, running\n" +
			"the same again brings a run back at no cost.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, words []string) error {
			s, err := p.openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			var runs []store.ListedRun // all are found before one is removed
			for _, word := range words {
				run, err := p.findOneRun(s, word)
				if err != nil {
					return err
				}
				runs = append(runs, run)
			}
			for _, run := range runs {
				if err := s.RemoveRun(run.FullName); err != nil {
					return exit{exitFailed, err}
				}
				p.removeReport(run)
				fmt.Fprintf(p.out, "%s is listed no longer. `plumb store gc` removes what only it needs.\n", run.FullName)
			}
			return nil
		},
	}
}

// removeReport removes the report and the log of a run that was removed, and the link
// that leads to it. What else people have put beside it stays.
func (p *program) removeReport(run store.ListedRun) {
	dirs := []string{filepath.Join(p.runsDir, run.FullName)}
	if run.Run != nil && run.Run.Dir != "" {
		dirs = append(dirs, run.Run.Dir)
	}
	for _, dir := range dirs {
		var err error
		for _, part := range []string{reportDir, session.LogsDir, session.LogFile, session.MetricsFile, track.QueueFile, track.StateFile} {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, part)))
		}
		if err == nil {
			if err = os.Remove(dir); errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
		if err != nil {
			fmt.Fprintf(p.err, "plumb: %s stays: %v\n", dir, err)
			continue
		}
		link := filepath.Join(filepath.Dir(dir), nameOf(run))
		if target, err := os.Readlink(link); err == nil && filepath.Base(target) == run.FullName {
			os.Remove(link)
		}
	}
}

// runJSON is a run for scripts.
type runJSON struct {
	Run      string          `json:"run"`
	Name     string          `json:"name"`
	ID       string          `json:"id"`
	State    record.RunState `json:"state,omitempty"`
	Started  *time.Time      `json:"started,omitempty"`
	Updated  *time.Time      `json:"updated,omitempty"`
	Stages   int             `json:"stages"`
	Finished int             `json:"finished"`
	Seconds  float64         `json:"seconds"`
	Bytes    int64           `json:"bytes"`           // of all that it is made of
	Frees    int64           `json:"bytes_alone"`     // that no other listed run needs
	Differs  []string        `json:"differs"`         // from the other runs of its name
	Report   string          `json:"report"`          // the directory; absent if there is none yet
	Repairs  int             `json:"repairs"`         // damages that it came upon and mended
	Command  string          `json:"command"`         // to run it again, or to go on with it
	Error    string          `json:"error,omitempty"` // why it cannot be read
}

// listRuns lists the runs of these names, or all, the latest first.
func (p *program) listRuns(s *store.Store, names []string) ([]runJSON, error) {
	all, err := s.Runs()
	if err != nil {
		return nil, exit{exitFailed, err}
	}
	wanted := map[string]bool{}
	for _, word := range names {
		found, err := p.findRuns(s, word)
		if err != nil {
			return nil, err
		}
		for _, run := range found {
			wanted[run.FullName] = true
		}
	}
	sizes, err := sizesOf(s, all)
	if err != nil {
		return nil, err
	}
	differs := differences(all)
	listed := []runJSON{}
	for _, one := range all {
		if len(names) > 0 && !wanted[one.FullName] {
			continue
		}
		name, id, _ := strings.Cut(one.FullName, "@")
		line := runJSON{Run: one.FullName, Name: name, ID: id, Differs: []string{}}
		if run := one.Run; run != nil {
			line.State, line.Started, line.Updated = run.State, &run.Started, &run.Updated
			line.Stages, line.Finished, line.Seconds = run.Stages, run.Finished, run.Seconds
			line.Command, line.Repairs = run.Command, len(run.Repairs)
			line.Bytes, line.Frees = sizes[one.FullName].all, sizes[one.FullName].alone
			line.Report = p.reportOf(run)
			if found := differs[one.FullName]; found != nil {
				line.Differs = found
			}
		} else {
			line.Error = one.Err.Error()
		}
		listed = append(listed, line)
	}
	return listed, nil
}

// reportOf is the directory of a run's report: beside the runs of here, or where the
// run was made; empty if there is none.
func (p *program) reportOf(run *record.Run) string {
	dirs := []string{filepath.Join(p.runsDir, run.FullName())}
	if run.Dir != "" {
		dirs = append(dirs, run.Dir)
	}
	for _, dir := range dirs {
		report := filepath.Join(dir, reportDir)
		if _, err := os.Stat(report); err == nil {
			return report
		}
	}
	return ""
}

// differences says by the full name of each run what tells it from others of its
// name.
func differences(all []store.ListedRun) map[string][]string {
	byName := map[string][]*record.Run{}
	for _, one := range all {
		if one.Run != nil {
			byName[one.Run.Name] = append(byName[one.Run.Name], one.Run)
		}
	}
	said := map[string][]string{}
	for _, runs := range byName {
		for i, differs := range record.Differences(runs) {
			said[runs[i].FullName()] = differs
		}
	}
	return said
}

// size is what a run takes of the store.
type size struct{ all, alone int64 }

// sizesOf measures the outputs of each run, and what of them no other run needs.
// What several records share counts once.
func sizesOf(s *store.Store, all []store.ListedRun) (map[string]size, error) {
	outputs := map[string]map[string]int64{} // bytes by digest, by run
	users := map[string]int{}                // runs by digest
	records := map[string]*record.Record{}
	for _, one := range all {
		if one.Run == nil {
			continue
		}
		own := map[string]int64{}
		for _, key := range one.Run.Keys() {
			made, known := records[key]
			if !known {
				var err error
				if made, err = s.Record(key); err != nil && !errors.As(err, new(*store.Corrupt)) {
					return nil, exit{exitFailed, err}
				}
				records[key] = made
			}
			if made == nil {
				continue
			}
			for _, output := range made.Outputs {
				own[output.Digest] = output.Bytes
			}
		}
		for digest := range own {
			users[digest]++
		}
		outputs[one.FullName] = own
	}
	sizes := map[string]size{}
	for name, own := range outputs {
		var sum size
		for digest, bytes := range own {
			sum.all += bytes
			if users[digest] == 1 {
				sum.alone += bytes
			}
		}
		sizes[name] = sum
	}
	return sizes, nil
}

// mostDiffering is how many differences of a run the list shows; --json has all.
const mostDiffering = 4

// writeRuns prints the list of runs.
func (p *program) writeRuns(s *store.Store, listed []runJSON) {
	if len(listed) == 0 {
		fmt.Fprintf(p.out, "There are no runs in the store %s.\n", s.Dir())
		return
	}
	width := len("run")
	for _, run := range listed {
		width = max(width, len([]rune(run.Run)))
	}
	fmt.Fprintf(p.out, "%s  %-16s  %-11s  %9s  %8s\n", fit("run", width), "begun", "state", "stages", "size")
	unreadable, elsewhere := false, ""
	for _, run := range listed {
		if run.Error != "" {
			unreadable = true
			fmt.Fprintf(p.out, "%s  cannot be read\n    %s\n", fit(run.Run, width), indent(run.Error, 4, 80))
			continue
		}
		fmt.Fprintf(p.out, "%s  %-16s  %-11s  %9s  %8s\n", fit(run.Run, width), run.Started.Local().Format("2006-01-02 15:04"), run.State,
			fmt.Sprintf("%d/%d", run.Finished, run.Stages), byteSize(run.Bytes))
		if differs := run.Differs; len(differs) > 0 {
			more := ""
			if len(differs) > mostDiffering {
				differs, more = differs[:mostDiffering], fmt.Sprintf(" and %d more", len(differs)-mostDiffering)
			}
			fmt.Fprintf(p.out, "    %s\n", indent(strings.Join(differs, ", ")+more, 4, 80))
		}
		if run.Repairs > 0 {
			fmt.Fprintf(p.out, "    %s found and mended; the report says which\n", plural(run.Repairs, "damage was", "damages were"))
		}
		if run.State != record.RunDone && run.State != record.RunRunning {
			fmt.Fprintf(p.out, "    go on: %s\n", run.Command)
		}
		if run.Report != "" && filepath.Dir(filepath.Dir(run.Report)) != filepath.Clean(p.runsDir) {
			elsewhere = run.Report
			fmt.Fprintf(p.out, "    report: %s\n", run.Report)
		}
	}
	if elsewhere == "" {
		fmt.Fprintf(p.out, "\n%s\n", indent(fmt.Sprintf("Reports are in %s; `plumb report RUN` prints one.", filepath.Join(p.runsDir, "RUN", reportDir)), 0, 80))
	}
	if unreadable {
		fmt.Fprintf(p.out, "\n%s\n", indent("Of a run that cannot be read it is not known what it needs, so `plumb store gc` removes nothing while it is listed: run it again, or take it from the list with `plumb runs rm RUN`.", 0, 80))
	}
}
