package run

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
)

// execution is one run under way.
type execution struct {
	Options
	plan        *plan.Plan
	environment plan.Environment // the executor's
	leases      leases

	journal *journal

	earlierRepairs []record.Repair // of earlier tries of the run

	mu       sync.Mutex
	outcomes map[*plan.Node]Outcome
	begun    map[*plan.Node]string // keys of stages under way
	repairs  []record.Repair
	state    record.RunState
}

// begin says that a stage is under way, under which key.
func (r *execution) begin(node *plan.Node, key string) {
	r.mu.Lock()
	r.begun[node] = key
	r.mu.Unlock()
	r.journal.changed()
}

// end says how the run ended.
func (r *execution) end(state record.RunState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = state
}

func (r *execution) stateNow() record.RunState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// known is a node's outcome, or what is known of it before it has one.
func (r *execution) known(node *plan.Node) Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcome, ok := r.outcomes[node]
	if key := r.begun[node]; !ok && key != "" {
		return Outcome{Status: record.Running, Key: key}
	}
	return outcome
}

func (r *execution) outcome(node *plan.Node) Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcomes[node]
}

func (r *execution) setOutcome(node *plan.Node, outcome Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[node] = outcome
}

// all brings every node to an outcome. Nodes are started in the plan's order
// among those that are ready: what is looked at first is done first.
func (r *execution) all(ctx context.Context) {
	type finished struct {
		node    *plan.Node
		outcome Outcome
		release func() // of what it took of its pool
	}
	done := make(chan finished)
	waiting := append([]*plan.Node(nil), r.plan.Nodes...)
	under := 0
	busy := map[string]int{} // stages under way by plugin
	var aside []*plan.Node   // died with a process that they shared, or by nobody's fault; tried again alone
	settle := func(node *plan.Node, outcome Outcome) {
		r.setOutcome(node, outcome)
		r.journal.changed()
		r.Sink.Finished(node, outcome)
	}
	for len(waiting) > 0 || under > 0 || len(aside) > 0 {
		for again := true; again; {
			again = false
			var still []*plan.Node
			for _, node := range waiting {
				ready, blocked := r.ready(node)
				pool, n := r.leases.of(r.Needs(node))
				switch {
				case blocked != nil:
					settle(node, *blocked)
					again = true
				case !ready:
					still = append(still, node)
				default:
					// A look into the cache costs little and needs no turn.
					if outcome, ok := r.cached(ctx, node); ok {
						settle(node, outcome)
						again = true
					} else if !r.Asked.wants(node) {
						settle(node, Outcome{Status: record.Left})
						again = true
					} else if n > pool.size {
						settle(node, Outcome{Status: record.Failed, Diagnostics: tooMany(node, n, pool)})
						again = true
					} else if pool.begun+n > pool.size {
						still = append(still, node)
					} else {
						pool.begun += n
						under++
						busy[pluginOf(node)]++
						release := func() { pool.begun -= n }
						go func() { done <- finished{node, r.work(ctx, node), release} }()
					}
				}
			}
			waiting = still
		}
		if under > 0 {
			f := <-done
			f.release()
			under--
			busy[pluginOf(f.node)]--
			shared := busy[pluginOf(f.node)] > 0 || slices.ContainsFunc(aside, func(other *plan.Node) bool { return pluginOf(other) == pluginOf(f.node) })
			// A machine that was suspended, or that had something else to do, may look
			// like a plugin that hangs.
			if f.outcome.died && !f.outcome.blamed && (shared || f.outcome.again) {
				aside = append(aside, f.node)
				continue
			}
			settle(f.node, f.outcome)
			continue
		}
		// Nothing is under way: who died beside others shows whether it was its
		// own fault.
		if len(aside) > 0 {
			node := aside[0]
			aside = aside[1:]
			r.Sink.Warn(node, diag.Diagnostic{
				Severity: diag.Warning,
				Summary:  fmt.Sprintf("%s is tried again", node.Label),
				Detail:   "The plugin's process died while several stages used it, or gave no sign of life; the stage is tried once more, alone.",
			})
			settle(node, r.work(ctx, node))
		}
	}
}

// pluginOf is the plugin whose process does a node's work; empty if none does.
func pluginOf(node *plan.Node) string {
	if node.Instance == nil {
		return ""
	}
	return node.Instance.Identity.Plugin
}

// ready reports whether all inputs of a node are there. If one never will be,
// or the run has been stopped, blocked is the node's outcome.
func (r *execution) ready(node *plan.Node) (ready bool, blocked *Outcome) {
	ready = true
	for _, input := range node.Inputs {
		outcome := r.outcome(input.Node)
		switch outcome.Status {
		case record.Done, record.Cached:
		case record.Failed, record.Waiting, record.NotRun:
			return false, &Outcome{Status: record.NotRun}
		case record.Left:
			return false, &Outcome{Status: record.Left}
		case record.Interrupted:
			return false, &Outcome{Status: record.Interrupted}
		default:
			ready = false
		}
	}
	return ready, nil
}
