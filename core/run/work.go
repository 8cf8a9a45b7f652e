package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/core/store"
)

// smallOutput is up to what size the outputs of a cached stage are read
// through at once. Reports read them; larger ones are checked when a stage
// reads them.
const smallOutput = 4 << 20

// key works out a node's key from the records of its inputs.
func (r *execution) key(node *plan.Node) (string, []record.KeyPart) {
	parts, _ := plan.KeyParts(node, r.environment, func(input plan.Input) (string, bool) {
		return r.outcome(input.Node).Record.Outputs[input.Output].Digest, true
	})
	return record.KeyOf(parts), parts
}

// cached looks a node up. A damaged entry is a warning and as good as none.
func (r *execution) cached(ctx context.Context, node *plan.Node) (Outcome, bool) {
	if ctx.Err() != nil {
		return Outcome{Status: record.Interrupted}, true
	}
	key, _ := r.key(node)
	found, err := r.lookUp(node, key)
	if err != nil {
		return Outcome{Status: record.Failed, Key: key, Diagnostics: r.explain(node, err)}, true
	}
	if found == nil || r.Asked.Again[node] {
		return Outcome{}, false
	}
	return Outcome{Status: record.Cached, Key: key, Record: found}, true
}

func (r *execution) lookUp(node *plan.Node, key string) (*record.Record, error) {
	found, err := r.Store.Record(key)
	if err == nil && found != nil {
		for _, output := range found.Outputs {
			if output.Dir || output.Bytes > smallOutput {
				continue
			}
			if _, err = r.Store.File(output); err != nil {
				break
			}
		}
	}
	var corrupt *store.Corrupt
	if errors.As(err, &corrupt) {
		// The blob is out of the way; without it the record is, too, so that
		// the next look at it has nothing more to tell.
		if err := r.Store.DropRecord(key); err != nil {
			return nil, err
		}
		r.repaired(node, fmt.Sprintf("The store's entry of %s is damaged", node.Label), corrupt.Error()+". The stage is done again.")
		return nil, nil
	}
	return found, err
}

// work does a stage that has no record yet.
func (r *execution) work(ctx context.Context, node *plan.Node) Outcome {
	started := time.Now()
	outcome, err := r.attempt(ctx, node)
	outcome.Took = time.Since(started)
	if err == nil {
		return outcome
	}
	if ctx.Err() != nil {
		outcome.Status = record.Interrupted
		return outcome
	}
	var died plugin.Died
	outcome.died, outcome.blamed, outcome.again = errors.As(err, &died), died.Blamed, died.Again
	outcome.Status, outcome.Diagnostics = record.Failed, r.explain(node, err)
	var waiting stage.Waiting
	if errors.As(err, &waiting) {
		outcome.Status = record.Waiting
		outcome.Diagnostics = r.withCommand(waiting, outcome.Diagnostics)
	}
	return outcome
}

// try does a stage once that has no record yet.
func (r *execution) try(ctx context.Context, node *plan.Node) (Outcome, error) {
	inputs, err := r.inputs(ctx, node)
	if err != nil {
		return Outcome{}, err
	}
	// Only now: an input that had to be made again may have come out otherwise.
	key, parts := r.key(node)
	outcome := Outcome{Key: key}
	r.begin(node, key)

	needs := r.Needs(node)
	pool, n := r.leases.of(needs)
	give, err := pool.take(ctx, n)
	if err != nil {
		return outcome, err
	}
	defer give()
	unlock, err := r.Store.Lock(ctx, key)
	if err != nil {
		return outcome, err
	}
	defer unlock()
	// Another process, or another node with the same inputs, may have been
	// faster.
	found, err := r.lookUp(node, key)
	if err != nil {
		return outcome, err
	}
	if found != nil && !r.Asked.Again[node] {
		outcome.Status, outcome.Record = record.Cached, found
		return outcome, nil
	}
	if outcome.Record, err = r.make(ctx, Task{Node: node, Key: key, Inputs: inputs, Resources: needs}, parts, found); err != nil {
		return outcome, err
	}
	outcome.Status = record.Done
	return outcome, nil
}

// make does the stage's work and records it, in the place of an earlier record if there
// is one. Whoever calls holds the key's lock.
func (r *execution) make(ctx context.Context, task Task, parts []record.KeyPart, earlier *record.Record) (*record.Record, error) {
	node, key := task.Node, task.Key
	outputs, err := r.Store.Work(key)
	if err != nil {
		return nil, err
	}
	defer outputs.Discard()
	if task.Scratch, err = r.Store.Scratch(key); err != nil {
		return nil, err
	}
	task.Outputs = outputs
	task.Report = func(p stage.Progress) { r.Sink.Progress(node, p) }
	task.Repaired = func(text string) {
		r.repaired(node, fmt.Sprintf("Something that was kept of %s is damaged", node.Label), text)
	}
	r.Sink.Started(node, key)
	started := time.Now()
	result, err := r.Executor.Do(ctx, task)
	// Whether the stage ended well or by what it read: nothing is made of what was
	// not as it was put.
	var changed *altered
	if looked := r.unaltered(node); looked != nil && ctx.Err() == nil && (err == nil || errors.As(looked, &changed)) {
		if err := r.Store.DropScratch(key); err != nil {
			return nil, err
		}
		return nil, looked
	}
	if err != nil {
		return nil, err
	}
	made := &record.Record{
		Key:      key,
		Node:     node.Name,
		Run:      r.About.FullName(),
		Stage:    node.About,
		Pace:     node.Pace(r.environment),
		KeyParts: parts,
		Outputs:  result.Outputs,
		Metrics:  result.Metrics,
		Warnings: result.Warnings,
		Started:  started.UTC(),
		Seconds:  time.Since(started).Seconds(),
		Items:    result.Items,
		Unit:     result.Unit,
		Facts:    result.Facts,
		Machine:  r.About.Machine,
		Versions: r.About.Versions,
	}
	if node.Instance != nil {
		made.Plugin, made.Component = node.Instance.Identity.Plugin, node.Instance.Component
		made.Resizing = node.Instance.Resizing()
	}
	if earlier != nil && r.differs(node, earlier, made) {
		if err := r.Store.DropRecord(key); err != nil {
			return nil, err
		}
	}
	if err := r.Store.PutRecord(made); err != nil {
		return nil, err
	}
	for _, warning := range result.Warnings {
		r.Sink.Warn(node, diag.Diagnostic{Severity: diag.Warning, Summary: node.Label, Detail: warning, Subject: node.Range})
	}
	// The stage is done; what is left of its unfinished state is only space.
	if err := r.Store.DropScratch(key); err != nil {
		r.Sink.Warn(node, diag.Diagnostic{Severity: diag.Warning, Summary: "Unfinished state could not be removed", Detail: err.Error()})
	}
	return made, nil
}

// inputs finds the files that a node reads. What turns out to be damaged is
// made again first.
func (r *execution) inputs(ctx context.Context, node *plan.Node) (map[string]string, error) {
	paths := map[string]string{}
	for _, input := range node.Inputs {
		path, err := r.path(input)
		var corrupt *store.Corrupt
		if errors.As(err, &corrupt) {
			if err = r.restore(ctx, input, corrupt); err == nil {
				path, err = r.path(input)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", input.Role, err)
		}
		paths[input.Role] = path
	}
	return paths, nil
}

func (r *execution) path(input plan.Input) (string, error) {
	output, ok := r.outcome(input.Node).Record.Outputs[input.Output]
	if !ok {
		return "", fmt.Errorf("%s has made no %s", input.Node.Label, input.Output)
	}
	if output.Dir {
		return r.Store.Directory(output)
	}
	return r.Store.File(output)
}

// restore makes an input again whose content was found damaged. No turn is
// held meanwhile: the node that makes it takes its own.
func (r *execution) restore(ctx context.Context, input plan.Input, corrupt *store.Corrupt) error {
	r.repaired(input.Node, fmt.Sprintf("The %s of %s are damaged in the store", input.Output, input.Node.Label), corrupt.Error()+". The stage is done again.")
	// Record quarantines the record if an output is missing, but not if another node has restored the same input meanwhile. If both
	// restore it at this moment, the key's lock lets one of them do the work
	// and the other find it.
	if _, err := r.Store.Record(r.outcome(input.Node).Key); err != nil && !errors.As(err, &corrupt) {
		return err
	}
	outcome, err := r.attempt(ctx, input.Node)
	if err != nil {
		return fmt.Errorf("do %s again: %w", input.Node.Label, err)
	}
	r.setOutcome(input.Node, outcome)
	return nil
}

// makeRoom is the way out of a full disk.
const makeRoom = "`plumb runs` lists the runs in this store with their sizes; `plumb runs rm RUN` and then `plumb store gc` remove " +
	"one that you name, and nothing that another needs. --store names a directory on another disk."

// placeOf is where a node's failure is told: the block of a third party's component,
// which it is most often about, or else what asks for the stage.
func placeOf(node *plan.Node) diag.Range {
	if of := node.Instance; of != nil && !of.Identity.Builtin() && !of.Range.IsZero() {
		return of.Range
	}
	return node.Range
}

// explain turns an error into diagnostics: what is wrong and the way out.
func (r *execution) explain(node *plan.Node, err error) diag.List {
	if r.Store.Gone() {
		return diag.Errorf(diag.Range{}, "The store is gone",
			"%s was removed or renamed while the run was under way, or the disk that it is on is not there any more. What was finished is in it: bring it back and run again. Without it, everything is made anew.", r.Store.Dir())
	}
	var full plugin.DiskFull
	if errors.As(err, &full) {
		// In the plugin's words, as the disk need not be the store's.
		return diag.Errorf(diag.Range{}, "The disk is full", "%v. %s", full, makeRoom)
	}
	var known diag.List
	if errors.As(err, &known) {
		located := slices.Clone(known)
		for i := range located {
			if located[i].Subject.IsZero() {
				located[i].Subject = placeOf(node)
			}
		}
		return located
	}
	err = r.Store.CheckSpace(err, 0)
	var space *store.NoSpace
	if errors.As(err, &space) && space.Files {
		return diag.Errorf(diag.Range{}, "The file system holds no more files", "%v. %s", space, makeRoom)
	}
	if errors.As(err, &space) {
		return diag.Errorf(diag.Range{}, "The disk is full", "%v. %s", space, makeRoom)
	}
	return diag.Errorf(node.Range, node.Label+" failed", "%v", err)
}
