package plan

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// SampleWork draws images for prompts.
type SampleWork struct {
	// In the order of their names, as canonical JSON has them.
	PerPrompt int           `json:"per_prompt,omitempty"`
	Prompts   []spec.Prompt `json:"prompts,omitempty"`
}

var _ Work = (*SampleWork)(nil)

func (*SampleWork) kind() (record.Kind, string) { return record.KindSample, "2" }
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

// Image describes an image by its position among all that are drawn, all but its
// pixels and its seed. numbers are those of Numbers.
func (w *SampleWork) Image(position int, numbers []int) table.Image {
	prompt, index := w.Prompts[position/w.PerPrompt], position%w.PerPrompt
	id := fmt.Sprintf("%s/%04d/%03d", prompt.Category, numbers[position/w.PerPrompt], index)
	return table.Image{
		ID:       id,
		Image:    table.File{Path: id + ".png"},
		Prompt:   prompt.Text,
		Category: prompt.Category,
		Split:    prompt.Split,
		Slots:    prompt.Slots,
		Index:    int32(index),
	}
}

// Numbers counts the prompts of each category from 0.
func (w *SampleWork) Numbers() []int {
	next := map[string]int{}
	numbers := make([]int, len(w.Prompts))
	for i, prompt := range w.Prompts {
		numbers[i] = next[prompt.Category]
		next[prompt.Category]++
	}
	return numbers
}

// sample draws images of a model. The seed's name says which set of images it
// is and must not say which model draws it: sets of one evaluation are compared
// pair by pair.
func (b *builder) sample(as named, seedName string, model spec.Model, prompts []spec.Prompt, perPrompt int, where diag.Range) *Node {
	instance, inputs := b.model(model)
	return b.add(as, &SampleWork{Prompts: prompts, PerPrompt: perPrompt}, instance, b.seed(seedName), where, inputs...)
}
