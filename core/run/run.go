package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
)

// Options are what a run needs beside its plan.
type Options struct {
	Store    *store.Store
	Executor Executor
	Sink     Sink // nil: nobody listens

	// Needs is what a stage needs while it works; nil: the function Needs.
	Needs func(*plan.Node) Resources

	// Dir gets run.json, which says what the run is made of; empty: nowhere.
	Dir string
	// Name to Baseline, Machine and Versions go into run.json and records.
	Name, Description, File, Command, Baseline string
	Machine                                    record.Machine
	Versions                                   map[string]string
}

// Result is what a run came to.
type Result struct {
	Run      *record.Run
	Outcomes map[*plan.Node]Outcome
	Records  map[string]*record.Record // by key, of all nodes that have one
	Failed   int                       // nodes that failed
	Waiting  int                       // nodes that wait for people
	NotRun   int                       // nodes that depend on those
	Stopped  bool                      // the context ended before all was done
}

// Run does what of a plan is not done yet. Failed stages are in the result;
// the error is for what keeps run.json from being written.
func Run(ctx context.Context, p *plan.Plan, options Options) (*Result, error) {
	if options.Sink == nil {
		options.Sink = Silent{}
	}
	if options.Needs == nil {
		options.Needs = Needs
	}
	started := time.Now()
	r := &execution{
		Options:     options,
		plan:        p,
		environment: options.Executor.Environment(),
		leases:      newLeases(options.Executor.Limits()),
		outcomes:    map[*plan.Node]Outcome{},
	}
	r.Sink.Begun(r.describe(started))
	r.all(ctx)
	r.blame()

	result := &Result{Outcomes: r.outcomes, Records: map[string]*record.Record{}}
	for _, outcome := range r.outcomes {
		switch outcome.Status {
		case record.Failed:
			result.Failed++
		case record.Waiting:
			result.Waiting++
		case record.NotRun:
			result.NotRun++
		case record.Interrupted:
			result.Stopped = true
		}
		if outcome.Record != nil {
			result.Records[outcome.Record.Key] = outcome.Record
		}
	}
	result.Run = r.describe(started)
	defer r.Sink.Ended(result)
	if options.Dir != "" {
		if err := os.MkdirAll(options.Dir, 0o777); err != nil {
			return result, fmt.Errorf("make the run's directory: %w", err)
		}
		if err := record.WriteRun(filepath.Join(options.Dir, "run.json"), result.Run); err != nil {
			return result, fmt.Errorf("write run.json: %w", err)
		}
	}
	return result, nil
}

// blame says of every node that was not run which node kept it from running: one
// that failed before one that waits, and of several the first by the order of
// inputs, whichever came first in time.
func (r *execution) blame() {
	for _, node := range r.plan.Nodes {
		outcome := r.outcomes[node]
		if outcome.Status != record.NotRun {
			continue
		}
		for _, input := range node.Inputs {
			at := input.Node
			if r.outcomes[at].Status == record.NotRun {
				at = r.outcomes[at].Needs
			}
			if at == nil {
				continue
			}
			status := r.outcomes[at].Status
			if status == record.Failed || status == record.Waiting && outcome.Needs == nil {
				outcome.Needs = at
			}
			if status == record.Failed {
				break
			}
		}
		r.outcomes[node] = outcome
	}
}

// workSeconds is what all of the run's stages took when they were done, in
// this run or an earlier one.
func (r *execution) workSeconds() float64 {
	var sum float64
	seen := map[string]bool{}
	for _, node := range r.plan.Nodes {
		if made := r.outcomes[node].Record; made != nil && !seen[made.Key] {
			seen[made.Key] = true
			sum += made.Seconds
		}
	}
	return sum
}

// describe is the run as run.json has it.
func (r *execution) describe(started time.Time) *record.Run {
	run := &record.Run{
		Name:        r.Name,
		Description: r.Description,
		File:        r.File,
		Command:     r.Command,
		Started:     started.UTC(),
		Seconds:     r.workSeconds(),
		Baseline:    r.Baseline,
		Versions:    r.Versions,
		Notices:     r.notices(),
		Machine:     r.Machine,
	}
	for _, variant := range r.plan.Variants {
		v := record.Variant{ID: variant.ID, Name: variant.Name, Values: variant.Values, Seed: variant.Seed}
		names := map[*plan.Node]string{} // as this variant has them
		for _, s := range variant.Stages {
			if names[s.Node] == "" {
				names[s.Node] = s.Name
			}
		}
		for _, s := range variant.Stages {
			outcome := r.outcomes[s.Node]
			ref := record.StageRef{Node: s.Name, Stage: s.About, Key: outcome.Key, Status: outcome.Status, Diagnostics: outcome.Diagnostics}
			if outcome.Needs != nil {
				ref.Needs = names[outcome.Needs]
			}
			v.Stages = append(v.Stages, ref)
		}
		run.Variants = append(run.Variants, v)
	}
	return run
}

// notices lists what the components of the plan state of all that they make.
func (r *execution) notices() []string {
	var all []string
	for _, node := range r.plan.Nodes {
		if node.Instance == nil {
			continue
		}
		if notice := node.Instance.Identity.Notice; notice != "" && !slices.Contains(all, notice) {
			all = append(all, notice)
		}
	}
	return all
}
