package plan

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// MatchWork takes images of a folder, by their captions, for those of a model that drew
// for an evaluation's prompts: as many of each prompt as of every other model.
type MatchWork struct {
	// In the order of their names, as canonical JSON has them.
	PerPrompt int           `json:"per_prompt,omitempty"`
	Prompts   []spec.Prompt `json:"prompts,omitempty"`
	Name      string        `json:"-"` // of the images, for messages
}

var _ Work = (*MatchWork)(nil)

func (*MatchWork) kind() (record.Kind, string) { return record.KindMatch, "1" }
func (w *MatchWork) items() (int, string)      { return len(w.Prompts) * w.PerPrompt, "images" }

// match plans the images of a folder as those of a model.
func (e *evaluation) match(model spec.Model) *Node {
	work := &MatchWork{PerPrompt: e.PerPrompt, Prompts: e.Prompts, Name: model.Name()}
	return e.add(e.of("match", model), work, nil, 0, e.Range, Input{Images, e.images(model.Images), Images})
}

// Sampled is the work of a sampler that draws the same images: what they are called.
func (w *MatchWork) Sampled() *SampleWork {
	return &SampleWork{PerPrompt: w.PerPrompt, Prompts: w.Prompts}
}

// OtherPrompts says of the images that they are not those of the evaluation's prompts,
// and why.
func (w *MatchWork) OtherPrompts(node *Node, why error) diag.List {
	return diag.Errorf(node.Range, fmt.Sprintf("images.%s are of other prompts", w.Name),
		"%v. Models are compared prompt by prompt: give the evaluation the prompts that the images were drawn for, and per_prompt as many as there are of each.", why)
}
