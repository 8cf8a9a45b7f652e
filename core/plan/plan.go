package plan

import (
	"encoding/json"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// Plan is a static graph of stages.
type Plan struct {
	// Nodes holds every stage once, inputs before those who read them.
	Nodes []*Node
	// Variants are the rows of an ablation, or an experiment alone.
	Variants []*Variant
}

// Variant is one experiment of a plan: which nodes it is made of.
type Variant struct {
	ID     string         // sha256 of the resolved configuration, first 12 hex digits
	Name   string         // such as "auxiliary_weight=0.5 seed=2"; empty for an experiment alone
	Values map[string]any // of the varied variables
	Seed   uint64
	Stages []Stage
}

// Stage is a node under the name that a variant has for it. One node may have
// several names: two evaluations may need the same features.
type Stage struct {
	Name  string
	About record.Stage // what the name says to people, for all that works with the stage
	Node  *Node
}

// Node is one stage: a unit of cached work.
type Node struct {
	Name     string // readable, such as "tune/full"; alike in all variants
	Label    string // unique in the plan: the name, with the variant where names alone are not enough
	About    record.Stage
	Kind     record.Kind
	Work     Work      // the typed configuration; its type goes with Kind
	Instance *Instance // what computes it; nil: Plumb itself
	Inputs   []Input   // everything it reads, checkpoints of instances included
	Seed     uint64    // for what is random in the stage itself
	Variants []string  // names of the variants that it belongs to
	Range    diag.Range
	// Missing says what the stage needs of the user that is not there yet, such as
	// weights: the warnings of spec.Spec.Missing.
	Missing diag.List

	identity string // sha256 over everything but the contents of inputs
}

// Input is an output of another node, under the role that it has here.
type Input struct {
	Role   string // unique in its node, such as "images", "scores 2", "encoder checkpoint"
	Node   *Node
	Output string // such as Images or Checkpoint
}

// Instance is a component with its configuration: what a stage opens.
type Instance struct {
	Kind      string // "sampler", "encoder", "rater", "reward"
	Component string // as its plugin names it
	Name      string // as the experiment names it; not part of a key
	Identity  spec.Identity
	Config    json.RawMessage // with paths, as the plugin gets it
	KeyConfig json.RawMessage // with digests in the place of paths, as the key has it
	Seed      uint64
	Range     diag.Range // of its block
	// Checkpoint is the role of the node's input that holds the instance's
	// weights; empty for the component's own weights.
	Checkpoint string

	paths    []string // that its configuration names
	contents []string // their digests, in the same order
}

// Provided is what the host calls the component: with its plugin, where that is a
// third party's.
func (i *Instance) Provided() string {
	if i.Identity.Builtin() {
		return i.Component
	}
	return i.Identity.Plugin + "/" + i.Component
}

// Resizing says in words how images are brought to the size that the component looks
// at; empty if it does not say, or looks at them as they are.
func (i *Instance) Resizing() string {
	if input := i.Identity.Input; input != nil {
		return input.String()
	}
	return i.Identity.Resizing
}

// Identities knows the components that plugins provide. A spec.Catalog is one.
type Identities interface {
	Component(kind, name string) (spec.Identity, bool)
}

// Source is an experiment to plan: a row of an ablation, or the only one.
type Source struct {
	ID     string
	Name   string
	Values map[string]any
	Seed   uint64
	Spec   *spec.Spec
	Heard  *Heard // what people have said so far; nil: nothing
	// Measure names the metrics that are wanted, as metric.Names has them; empty means all, and that
	// everything the experiment declares is made, needed or not.
	Measure []string
}

// NeedsDevice reports whether the node takes turns on the accelerator.
func (n *Node) NeedsDevice() bool { return n.Instance != nil && n.Instance.Identity.NeedsDevice }

// Input returns the input of a role.
func (n *Node) Input(role string) (Input, bool) {
	for _, input := range n.Inputs {
		if input.Role == role {
			return input, true
		}
	}
	return Input{}, false
}
