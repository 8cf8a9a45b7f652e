package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/store"
)

// defaultYoung is how long what no listed run needs stays all the same.
const defaultYoung = 7 * 24 * time.Hour

func (p *program) storeCollectCommand() *cobra.Command {
	young, dryRun := age(defaultYoung), false
	command := &cobra.Command{
		Use:   "gc",
		Short: "Remove what no listed run needs; --dry-run says what that is",
		Long: "Remove from the store what no run that `plumb runs` lists needs. A run that was\n" +
			"killed, that failed or that waits is listed, and all that it made stays. What no\n" +
			"listed run needs, such as what was made before a change, stays until it is a week\n" +
			"old (--older-than); of a run that was removed by `plumb runs rm` it goes at once.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := p.openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			collected, err := s.Collect(store.CollectOptions{Young: time.Duration(young), DryRun: dryRun})
			var unlisted *store.Unlisted
			if errors.As(err, &unlisted) {
				return exit{exitFailed, fmt.Errorf("%w. Run it again, or take it from the list with `plumb runs rm %s`", err, unlisted.FullName)}
			}
			if err != nil {
				return exit{exitFailed, err}
			}
			if p.json {
				return p.writeJSON(collectedOf(collected, dryRun))
			}
			p.tellCollected(collected, time.Duration(young), dryRun)
			return nil
		},
	}
	command.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be removed, and remove nothing")
	command.Flags().BoolVar(&p.json, "json", false, "print JSON")
	command.Flags().Var(&young, "older-than", "remove what is at least this old, such as 12h or 30d; 0 for any age")
	return command
}

// collectedJSON is what was removed, or would be, for scripts.
type collectedJSON struct {
	DryRun     bool               `json:"dry_run"`
	Bytes      int64              `json:"bytes"`
	Stages     int                `json:"stages"`     // whose results went
	Unfinished int                `json:"unfinished"` // stages whose unfinished state went
	Damaged    int64              `json:"bytes_damaged"`
	Runs       []collectedRunJSON `json:"runs"` // that made it
	Kept       int                `json:"kept"` // stages that no listed run needs, and that are young
	KeptBytes  int64              `json:"bytes_kept"`
	Listed     int                `json:"listed_runs"`
}

type collectedRunJSON struct {
	Run    string    `json:"run"` // empty: not known
	Stages int       `json:"stages"`
	Last   time.Time `json:"last"`
}

func collectedOf(c *store.Collection, dryRun bool) collectedJSON {
	all := collectedJSON{
		DryRun: dryRun, Bytes: c.Bytes, Stages: c.Stages(), Unfinished: c.Unfinished, Damaged: c.Quarantine,
		Runs: []collectedRunJSON{}, Kept: c.Kept, KeptBytes: c.KeptBytes, Listed: c.Listed,
	}
	for _, run := range c.Runs {
		all.Runs = append(all.Runs, collectedRunJSON{run.FullName, run.Stages, run.Last})
	}
	return all
}

// tellCollected says what was removed, or would be, and what stays.
func (p *program) tellCollected(c *store.Collection, young time.Duration, dryRun bool) {
	removed := "Removed"
	if dryRun {
		removed = "Would remove"
	}
	var parts []string
	if n := c.Stages(); n > 0 {
		parts = append(parts, "the results of "+plural(n, "stage", "stages"))
	}
	if c.Unfinished > 0 {
		parts = append(parts, "the unfinished state of "+plural(c.Unfinished, "stage", "stages"))
	}
	if c.Quarantine > 0 {
		parts = append(parts, byteSize(c.Quarantine)+" of damaged files")
	}
	what := ""
	if len(parts) > 0 {
		what = ": " + strings.Join(parts, ", ")
	}
	fmt.Fprintf(p.out, "%s %s%s.\n", removed, byteSize(c.Bytes), what)
	for _, run := range c.Runs {
		name := run.FullName
		if name == "" {
			name = "runs that are not known"
		}
		fmt.Fprintf(p.out, "  %s of %s, the last of %s\n", plural(run.Stages, "stage", "stages"), name, run.Last.Local().Format("2006-01-02 15:04"))
	}
	fmt.Fprintf(p.out, "What %s stays; `plumb runs` lists them.\n", plural(c.Listed, "listed run needs", "listed runs need"))
	if c.Kept > 0 {
		fmt.Fprintf(p.out, "%s\n", indent(fmt.Sprintf("%s of %s that no listed run needs stay, too, as they are younger than %s; --older-than 0 takes them.",
			byteSize(c.KeptBytes), plural(c.Kept, "stage", "stages"), age(young).String()), 0, 80))
	}
	if dryRun {
		fmt.Fprintln(p.out, "Nothing was removed.")
	}
}

// age is a time that may be given in days.
type age time.Duration

func (a *age) Type() string { return "AGE" }

func (a age) String() string {
	const day = 24 * time.Hour
	if d := time.Duration(a); d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return time.Duration(a).String()
}

func (a *age) Set(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0 && n <= 36500) {
			return fmt.Errorf("%q is no age: write 30d, 12h or 0", text)
		}
		*a = age(n * 24 * float64(time.Hour))
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no age: write 30d, 12h or 0", text)
	}
	*a = age(d)
	return nil
}
