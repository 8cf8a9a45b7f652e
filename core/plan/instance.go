package plan

import "github.com/plumb-ml/plumb/core/spec"

// instance describes an opened component, and the inputs that it needs: its
// checkpoint, if it learns in this experiment.
func (b *builder) instance(component *spec.Component) (*Instance, []Input) {
	instance := b.untrained(component)
	if len(component.Labels) == 0 && component.Images == nil {
		return instance, nil
	}
	instance.Checkpoint = component.Kind + " checkpoint"
	return instance, []Input{{Role: instance.Checkpoint, Node: b.fit(component), Output: Checkpoint}}
}

// untrained is an instance with the component's own weights.
func (b *builder) untrained(component *spec.Component) *Instance {
	identity, ok := b.identities.Component(component.Kind, component.Provided())
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
		Range:     component.Range,
		Seed:      b.seed(component.Kind + "/" + component.Name),
		paths:     component.Paths,
	}
	for _, path := range component.Paths {
		instance.contents = append(instance.contents, b.spec.Digests[path])
	}
	return instance
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

// withDigests says what stands for paths in a key.
func (b *builder) withDigests(paths []string) map[string]string {
	replace := map[string]string{}
	for _, path := range paths {
		replace[path] = "sha256:" + b.spec.Digests[path]
	}
	return replace
}
