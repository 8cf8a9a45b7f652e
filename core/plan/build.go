package plan

import (
	"encoding/json"
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

// label makes the labels: a name that several nodes share gets the variants
// that the node belongs to.
func (p *Plan) label() {
	count := map[string]int{}
	for _, node := range p.Nodes {
		count[node.Name]++
	}
	used := map[string]bool{}
	for _, node := range p.Nodes {
		node.Label = node.Name
		if count[node.Name] > 1 {
			variant := node.Variants[0]
			if more := len(node.Variants) - 1; more > 0 {
				variant += fmt.Sprintf(" +%d", more)
			}
			node.Label += " [" + variant + "]"
		}
		for base, n := node.Label, 2; used[node.Label]; n++ {
			node.Label = fmt.Sprintf("%s~%d", base, n)
		}
		used[node.Label] = true
	}
}

// builder adds one source to a plan.
type builder struct {
	plan       *Plan
	known      map[string]*Node // by identity, over all variants
	spec       *spec.Spec
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
				if component.Labels != nil || component.Images != nil {
					b.fit(component)
				}
			}
		}
		for _, finetune := range s.Finetunes {
			b.tune(finetune)
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
	about.Kind = work.kind()
	node := &Node{Name: name, About: about, Kind: work.kind(), Work: work, Instance: instance, Seed: seed, Range: where, Inputs: slices.Clone(inputs)}
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
		node.Lacks = b.lacks(node)
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

// lacks collects what a node needs that is not there.
func (b *builder) lacks(node *Node) diag.List {
	var paths []string
	if node.Instance != nil {
		paths = append(paths, node.Instance.paths...)
	}
	switch work := node.Work.(type) {
	case *ImportWork:
		paths = append(paths, work.Folder.Path)
	case *SampleWork:
		for _, prompt := range work.Prompts {
			if prompt.Missing != "" && !slices.Contains(paths, prompt.Missing) {
				paths = append(paths, prompt.Missing)
			}
		}
	case *RateWork:
		paths = append(paths, work.Path)
	case *CompareWork:
		paths = append(paths, work.Path)
	}
	var list diag.List
	for _, path := range paths {
		if missing, ok := b.spec.Missing[path]; ok && !slices.Contains(list, missing) {
			list = append(list, missing)
		}
	}
	return list
}

func (b *builder) fail(format string, arguments ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, arguments...)
	}
}

func (b *builder) seed(name string) uint64 { return DeriveSeed(b.spec.Seed, name) }

// instance describes an opened component, and the inputs that it needs: its
// checkpoint, if it learns in this experiment.
func (b *builder) instance(component *spec.Component) (*Instance, []Input) {
	instance := b.untrained(component)
	if component.Labels == nil && component.Images == nil {
		return instance, nil
	}
	instance.Checkpoint = component.Kind + " checkpoint"
	return instance, []Input{{Role: instance.Checkpoint, Node: b.fit(component), Output: Checkpoint}}
}

// untrained is an instance with the component's own weights.
func (b *builder) untrained(component *spec.Component) *Instance {
	identity, ok := b.identities.Component(component.Kind, component.Component)
	if !ok {
		b.fail("the %s %q has no identity", component.Kind, component.Component)
	}
	keyConfig, err := canonicalJSON(component.Config, b.withDigests(component.Paths))
	if err != nil {
		b.fail("configuration of %s %q: %w", component.Kind, component.Name, err)
	}
	instance := &Instance{
		Kind:      component.Kind,
		Component: component.Component,
		Name:      component.Name,
		Identity:  identity,
		Config:    component.Config,
		KeyConfig: keyConfig,
		Seed:      b.seed(component.Kind + "/" + component.Name),
		paths:     component.Paths,
	}
	for _, path := range component.Paths {
		instance.contents = append(instance.contents, b.spec.Digests[path])
	}
	return instance
}

// withDigests says what stands for paths in a key.
func (b *builder) withDigests(paths []string) map[string]string {
	replace := map[string]string{}
	for _, path := range paths {
		replace[path] = "sha256:" + b.spec.Digests[path]
	}
	return replace
}

// model is the instance that draws: a sampler, with the checkpoint of a
// finetune if it is one.
func (b *builder) model(model spec.Model) (*Instance, []Input) {
	if model.Sampler == nil && model.Finetune != nil {
		model.Sampler = samplerOf(model.Finetune)
	}
	instance, inputs := b.instance(model.Sampler)
	if model.Finetune != nil {
		instance.Checkpoint = "sampler checkpoint"
		inputs = append(inputs, Input{Role: instance.Checkpoint, Node: b.tune(model.Finetune), Output: Checkpoint})
	}
	return instance, inputs
}

// samplerOf follows finetunes of finetunes down to the sampler.
func samplerOf(finetune *spec.Finetune) *spec.Component {
	for finetune.Model.Sampler == nil && finetune.Model.Finetune != nil {
		finetune = finetune.Model.Finetune
	}
	return finetune.Model.Sampler
}

func (b *builder) images(images *spec.Images) *Node {
	return b.once(images, func() *Node {
		if images.Folder != nil {
			work := &ImportWork{Folder: *images.Folder, Digest: images.Inventory.Digest, Images: images.Count()}
			return b.add(named{"import/" + images.Name, record.Stage{Subject: images.Name}}, work, nil, 0, images.Range)
		}
		return b.sample(named{"sample/" + images.Name, record.Stage{Subject: images.Name}}, "images/"+images.Name, images.Sampler, images.Prompts, images.PerPrompt, images.Range)
	})
}

// sample draws images of a model. The seed's name says which set of images it
// is and must not say which model draws it: sets of one evaluation are compared
// pair by pair.
func (b *builder) sample(as named, seedName string, model spec.Model, prompts []spec.Prompt, perPrompt int, where diag.Range) *Node {
	instance, inputs := b.model(model)
	return b.add(as, &SampleWork{Prompts: prompts, PerPrompt: perPrompt}, instance, b.seed(seedName), where, inputs...)
}

func (b *builder) labels(labels *spec.Labels) *Node {
	return b.once(labels, func() *Node {
		as := named{"rate/" + labels.Name, record.Stage{Subject: labels.Name}}
		images := b.images(labels.Images)
		if labels.Path != "" {
			work := &RateWork{Fraction: labels.Fraction, Path: labels.Path, Digest: b.spec.Digests[labels.Path], Images: labels.Images.Count()}
			return b.add(as, work, nil, b.seed("labels/"+labels.Name), labels.Range, Input{Images, images, Images})
		}
		return b.rate(as, labels.Rater, images, labels.Fraction, labels.Images.Count(), labels.Range)
	})
}

// rate has a rater judge images. The instance's seed is that of the stage, so
// simulated raters make other mistakes at every table that they judge.
func (b *builder) rate(as named, rater *spec.Component, images *Node, fraction float64, count int, where diag.Range) *Node {
	instance, inputs := b.instance(rater)
	instance.Seed = b.seed(as.name)
	inputs = append([]Input{{Images, images, Images}}, inputs...)
	return b.add(as, &RateWork{Fraction: fraction, Images: count}, instance, b.seed(as.name+" fraction"), where, inputs...)
}

// comparisons has a rater choose between images, as rate has one judge them. A
// file of choices needs the images to say who they are; labels know that.
func (b *builder) comparisons(comparisons *spec.Comparisons) *Node {
	return b.once(comparisons, func() *Node {
		as := named{"compare/" + comparisons.Name, record.Stage{Subject: comparisons.Name}}
		work := &CompareWork{PerPrompt: comparisons.PerPrompt, Pairs: comparisons.Pairs()}
		seed := b.seed(as.name + " pairs")
		switch {
		case comparisons.Path != "":
			work = &CompareWork{Path: comparisons.Path, Digest: b.spec.Digests[comparisons.Path]}
			return b.add(as, work, nil, 0, comparisons.Range, Input{Images, b.images(comparisons.Images), Images})
		case comparisons.Labels != nil:
			return b.add(as, work, nil, seed, comparisons.Range, Input{Labels, b.labels(comparisons.Labels), Labels})
		}
		instance, inputs := b.instance(comparisons.Rater)
		instance.Seed = b.seed(as.name)
		inputs = append([]Input{{Images, b.images(comparisons.Images), Images}}, inputs...)
		return b.add(as, work, instance, seed, comparisons.Range, inputs...)
	})
}

// prepare has a sampler turn images into what its tuning reads. The stage is
// that of the sampler as it comes, whatever finetune asks, and it has none of
// the experiment's seed in it: all finetunes of one sampler on the same images
// share it, over variants and seeds too.
func (b *builder) prepare(sampler *spec.Component, set *spec.Images, images *Node) *Node {
	instance, inputs := b.instance(sampler)
	instance.Seed = 0
	inputs = append([]Input{{Images, images, Images}}, inputs...)
	as := named{"prepare/" + set.Name + "/" + sampler.Name, record.Stage{Subject: set.Name}}
	return b.add(as, &PrepareWork{Images: set.Count()}, instance, DeriveSeed(0, "prepare"), set.Range, inputs...)
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}
