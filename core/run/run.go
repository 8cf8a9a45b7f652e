package run

import (
	"context"
	"errors"
	"fmt"
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

	// Export is the command that writes the images of a stage or an evaluate block
	// for people, to a directory; nil: a form of it with FILE in it.
	Export func(sheet, target string) string
	// Label is the command that asks people what the run's stages wait for; empty: a form
	// of it with FILE in it.
	Label string

	// Asked says what of the plan is done.
	Asked Asked

	// Repairs are what was found damaged, and mended, before the run: sentences.
	Repairs []string
	// About describes the run, but for what the run itself finds out. Its Name and ID
	// say which run of the store's list it is: one that is there already goes on.
	About record.Run
}

// Result is what a run came to.
type Result struct {
	Run      *record.Run
	Outcomes map[*plan.Node]Outcome
	Records  map[string]*record.Record // by key, of all nodes that have one
	Failed   int                       // nodes that failed
	Waiting  int                       // nodes that wait for people
	NotRun   int                       // nodes that depend on those
	Left     int                       // nodes that are not done and were not asked for
	Stopped  bool                      // the context ended before all was done
}

// Run does what of a plan is not done yet. Failed stages are in the result. The
// error is for what keeps the run's record from being written: without a result,
// nothing was run; with one, all was.
func Run(ctx context.Context, p *plan.Plan, options Options) (*Result, error) {
	if options.Sink == nil {
		options.Sink = Silent{}
	}
	if options.Needs == nil {
		options.Needs = Needs
	}
	r := &execution{
		Options:     options,
		plan:        p,
		environment: options.Executor.Environment(),
		leases:      newLeases(options.Executor.Limits()),
		outcomes:    map[*plan.Node]Outcome{},
		begun:       map[*plan.Node]string{},
		state:       record.RunRunning,
	}
	r.About.Started = time.Now()
	mended := slices.Concat(options.Store.Repairs(), options.Repairs)
	earlier, err := options.Store.Run(r.About.FullName())
	switch {
	case err == nil && earlier != nil:
		r.earlierRepairs = earlier.Repairs
	case errors.Is(err, record.ErrCorrupt): // what else cannot be read, such as that of another version, is written anew, too
		mended = append(mended, fmt.Sprintf("What was written down of the run before: %v. It is written anew.", err))
	}
	if r.journal, err = openJournal(options.Store, r.describe); err != nil {
		return nil, err
	}
	r.Sink.Begun(r.describe())
	for _, text := range mended {
		r.repaired(nil, "Something that is kept was damaged", text)
	}
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
		case record.Left:
			result.Left++
		case record.Interrupted:
			result.Stopped = true
		}
		if outcome.Record != nil {
			result.Records[outcome.Record.Key] = outcome.Record
		}
	}
	r.end(result.state())
	err = r.journal.close()
	result.Run = r.describe()
	r.Sink.Ended(result)
	return result, err
}

// state is how the run ended.
func (r *Result) state() record.RunState {
	switch {
	case r.Stopped:
		return record.RunInterrupted
	case r.Failed > 0:
		return record.RunFailed
	case r.Waiting > 0:
		return record.RunWaiting
	case r.Left > 0:
		return record.RunPartial
	}
	return record.RunDone
}

// blame says of every node that was not run which node kept it from running: one
// that failed before one that waits, and of several the first by the order of
// inputs, whichever came first in time.
func (r *execution) blame() {
	for _, node := range r.plan.Nodes {
		outcome := r.outcome(node)
		if outcome.Status != record.NotRun {
			continue
		}
		for _, input := range node.Inputs {
			at := input.Node
			if r.outcome(at).Status == record.NotRun {
				at = r.outcome(at).Needs
			}
			if at == nil {
				continue
			}
			status := r.outcome(at).Status
			if status == record.Failed || status == record.Waiting && outcome.Needs == nil {
				outcome.Needs = at
			}
			if status == record.Failed {
				break
			}
		}
		r.setOutcome(node, outcome)
	}
}

// workSeconds is what all of the run's stages took when they were done, in
// this run or an earlier one.
func (r *execution) workSeconds() float64 {
	var sum float64
	seen := map[string]bool{}
	for _, node := range r.plan.Nodes {
		if made := r.outcome(node).Record; made != nil && !seen[made.Key] {
			seen[made.Key] = true
			sum += made.Seconds
		}
	}
	return sum
}

// describe is the run as the list of runs has it, as far as it is.
func (r *execution) describe() *record.Run {
	run := r.About
	run.State = r.stateNow()
	run.Seconds = r.workSeconds()
	run.Notices = r.notices()
	run.Repairs = r.allRepairs()
	run.Variants = nil
	run.Stages = len(r.plan.Nodes)
	for _, node := range r.plan.Nodes {
		if r.outcome(node).Record != nil {
			run.Finished++
		}
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
			outcome := r.known(s.Node)
			ref := record.StageRef{Node: s.Name, Stage: s.About, Key: outcome.Key, Status: outcome.Status, Diagnostics: outcome.Diagnostics}
			if outcome.Needs != nil {
				ref.Needs = names[outcome.Needs]
			}
			v.Stages = append(v.Stages, ref)
		}
		run.Variants = append(run.Variants, v)
	}
	return &run
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
