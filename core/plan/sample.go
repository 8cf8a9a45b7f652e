package plan

import (
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// SampleWork draws images for prompts.
type SampleWork struct {
	Prompts   []spec.Prompt `json:"prompts,omitempty"`
	PerPrompt int           `json:"per_prompt,omitempty"`
}

var _ Work = (*SampleWork)(nil)

func (*SampleWork) kind() (record.Kind, string) { return record.KindSample, "1" }
func (w *SampleWork) items() (int, string)      { return len(w.Prompts) * w.PerPrompt, "images" }

// reads lists the files that prompts stand in for lines of.
func (w *SampleWork) reads() []string {
	var paths []string
	for _, prompt := range w.Prompts {
		if prompt.Missing != "" && !slices.Contains(paths, prompt.Missing) {
			paths = append(paths, prompt.Missing)
		}
	}
	return paths
}

// sample draws images of a model. The seed's name says which set of images it
// is and must not say which model draws it: sets of one evaluation are compared
// pair by pair.
func (b *builder) sample(as named, seedName string, model spec.Model, prompts []spec.Prompt, perPrompt int, where diag.Range) *Node {
	instance, inputs := b.model(model)
	return b.add(as, &SampleWork{Prompts: prompts, PerPrompt: perPrompt}, instance, b.seed(seedName), where, inputs...)
}
