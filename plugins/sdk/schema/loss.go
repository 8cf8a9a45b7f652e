package schema

import (
	"fmt"
	"slices"
)

// Loss is one objective that a sampler's Tune can minimise.
type Loss struct {
	Name    string `json:"name"`              // as written in HCL: loss "reward_weighted" {}
	Summary string `json:"summary,omitempty"` // one sentence, printed by `plumb plugins`
	Schema  Schema `json:"schema,omitzero"`   // what its block may say beside what every loss's may
	// Needs lists what the loss is computed from: one need says where its images
	// come from. The language refuses a finetune that does not give it all.
	Needs []Need `json:"needs,omitempty"`
}

// Has reports whether the loss needs something.
func (l Loss) Has(need Need) bool { return slices.Contains(l.Needs, need) }

// Need is something that a loss is computed from.
type Need string

// The needs.
const (
	NeedImages    Need = "images"     // the finetune's images
	NeedScores    Need = "scores"     // the finetune's images, and its reward's score of each
	NeedLabels    Need = "labels"     // the images of the finetune's labels, and which are good and bad
	NeedPairs     Need = "pairs"      // pairs of images of one prompt, and which is better: the finetune's comparisons
	NeedOwnImages Need = "own_images" // images that the loss's block names, such as real ones
	NeedReference Need = "reference"  // a frozen network, what the tuned one was unless the finetune names another

	// Reserved: known, and refused until the host can give it.
	NeedRollouts       Need = "rollouts"        // images drawn while tuning, with rewards asked for them
	NeedRewardGradient Need = "reward_gradient" // the derivative of a reward by the image
)

// imageSources are the needs that say where a loss's images come from. A loss has
// one of them.
var imageSources = []Need{NeedImages, NeedScores, NeedLabels, NeedPairs, NeedOwnImages}

// given says which needs the host can give; those that it does not hold are unknown.
var given = map[Need]bool{
	NeedImages:         true,
	NeedScores:         true,
	NeedLabels:         true,
	NeedOwnImages:      true,
	NeedPairs:          true,
	NeedReference:      true,
	NeedRollouts:       false,
	NeedRewardGradient: false,
}

func (l Loss) mistakes() []string {
	var out []string
	if l.Name == "" {
		out = append(out, "it has no name")
	}
	var sources []Need
	for i, need := range l.Needs {
		if slices.Contains(imageSources, need) && !slices.Contains(sources, need) {
			sources = append(sources, need)
		}
		if can, known := given[need]; !known {
			out = append(out, fmt.Sprintf("%q is not a need", need))
		} else if !can {
			out = append(out, fmt.Sprintf("the need %q is reserved: no version of Plumb gives it yet", need))
		}
		if slices.Contains(l.Needs[:i], need) {
			out = append(out, fmt.Sprintf("the need %q is declared twice", need))
		}
	}
	if len(sources) != 1 && len(out) == 0 {
		out = append(out, fmt.Sprintf("one of its needs says where its images come from (%v), and of these it has %v", imageSources, sources))
	}
	for _, name := range []string{"weight", "images"} {
		if _, taken := l.Schema.Attribute(name); taken {
			out = append(out, fmt.Sprintf("it has an option %q, which every loss has as the language's own", name))
		}
	}
	return append(out, l.Schema.Mistakes()...)
}
