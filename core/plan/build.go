package plan

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// Build makes the graph of one experiment, or of all variants of an ablation.
// Equal stages of different variants become one node. What an experiment may
// say wrongly is found by package spec; an error here is a source that spec did
// not make, or identities of other plugins than it was checked against.
func Build(sources []Source, identities Identities) (*Plan, error) {
	plan := &Plan{}
	known := map[string]*Node{}
	for _, source := range sources {
		b := &builder{
			plan:       plan,
			known:      known,
			spec:       source.Spec,
			heard:      source.Heard,
			measure:    source.Measure,
			identities: identities,
			variant:    &Variant{ID: source.ID, Name: source.Name, Values: source.Values, Seed: source.Seed},
			names:      map[string]*Node{},
			made:       map[any]*Node{},
		}
		b.build()
		if b.err != nil {
			return nil, fmt.Errorf("plan experiment %q: %w", source.Spec.Name, b.err)
		}
		plan.Variants = append(plan.Variants, b.variant)
	}
	plan.label()
	return plan, nil
}

// builder adds one source to a plan.
type builder struct {
	plan       *Plan
	known      map[string]*Node // by identity, over all variants
	spec       *spec.Spec
	heard      *Heard
	measure    []string
	identities Identities
	variant    *Variant
	names      map[string]*Node // of this variant
	made       map[any]*Node    // by what declares them
	err        error            // the first
}

func (b *builder) build() {
	s := b.spec
	if len(b.measure) == 0 {
		// Everything that is declared is made, needed by an evaluation or not.
		for _, images := range s.Images {
			b.images(images)
		}
		for _, labels := range s.Labels {
			b.labels(labels)
		}
		for _, comparisons := range s.Comparisons {
			b.comparisons(comparisons)
		}
		for _, group := range [][]*spec.Component{s.Encoders, s.Raters, s.Rewards} {
			for _, component := range group {
				if len(component.Labels) > 0 || component.Images != nil {
					b.fit(component)
				}
			}
		}
		for _, finetune := range s.Finetunes {
			b.tune(finetune)
		}
	} else if b.wants(metric.MeasureCheckpoints) {
		for _, finetune := range s.Finetunes {
			if finetune.Checkpoints != nil {
				b.tune(finetune)
			}
		}
	}
	for _, evaluate := range s.Evaluate {
		b.evaluate(evaluate)
	}
}

// wants reports whether any of the metrics of one measure is asked for.
func (b *builder) wants(what metric.Measure) bool {
	if len(b.measure) == 0 {
		return true
	}
	for _, name := range b.measure {
		if measure, ok := metric.MeasureOf(name); ok && measure == what {
			return true
		}
	}
	return false
}

// once makes the node of what is declared when it is first needed. A node of
// 40,000 prompts is not worked out anew for everything that stands on it.
func (b *builder) once(declared any, work func() *Node) *Node {
	node, made := b.made[declared]
	if !made {
		node = work()
		b.made[declared] = node
	}
	return node
}

// named is what a variant calls a stage, for people, and what the stage is about,
// for all that works with it. Kind is that of the stage's work.
type named struct {
	name  string
	about record.Stage
}

// add makes a node of the work, or finds the equal one that is there.
func (b *builder) add(as named, work Work, instance *Instance, seed uint64, where diag.Range, inputs ...Input) *Node {
	name, about := as.name, as.about
	about.Kind, _ = work.kind()
	node := &Node{Name: name, About: about, Kind: about.Kind, Work: work, Instance: instance, Seed: seed, Range: where, Inputs: slices.Clone(inputs)}
	parts, _ := KeyParts(node, Environment{}, func(input Input) (string, bool) {
		return input.Node.identity + " " + input.Output, true
	})
	node.identity = record.KeyOf(parts)

	same, known := b.known[node.identity]
	if known {
		node = same
	}
	for base, n := name, 2; b.names[name] != nil && b.names[name] != node; n++ {
		name = fmt.Sprintf("%s~%d", base, n)
	}
	if !known {
		node.Name = name
		node.Missing = b.missing(node)
		b.known[node.identity] = node
		b.plan.Nodes = append(b.plan.Nodes, node)
	}
	if !slices.Contains(node.Variants, b.variant.Name) {
		node.Variants = append(node.Variants, b.variant.Name)
	}
	if b.names[name] == nil {
		b.names[name] = node
		b.variant.Stages = append(b.variant.Stages, Stage{Name: name, About: about, Node: node})
	}
	return node
}

func (b *builder) fail(format string, arguments ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, arguments...)
	}
}

func (b *builder) seed(name string) uint64 { return DeriveSeed(b.spec.Seed, name) }
