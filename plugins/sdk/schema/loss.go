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
	// Needs lists what the loss is computed from beside images and captions. The
	// language refuses a finetune that does not give it.
	Needs []Need `json:"needs,omitempty"`
}

// Has reports whether the loss needs something.
func (l Loss) Has(need Need) bool { return slices.Contains(l.Needs, need) }

// Need is something that a loss is computed from.
type Need string

// The needs.
const (
	NeedScores    Need = "scores"     // a reward's score of every image
	NeedLabels    Need = "labels"     // good or bad, of every image
	NeedOwnImages Need = "own_images" // images of its own, not those that the finetune draws
	NeedPairs     Need = "pairs"      // two images of one prompt, and which is better
	NeedReference Need = "reference"  // a frozen copy of the network as it was before tuning

	// Reserved: known, and refused until the host can give it.
	NeedRollouts       Need = "rollouts"        // images drawn while tuning, with rewards asked for them
	NeedRewardGradient Need = "reward_gradient" // the derivative of a reward by the image
)

// given says which needs the host can give; those that it does not hold are unknown.
var given = map[Need]bool{
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
	for i, need := range l.Needs {
		if can, known := given[need]; !known {
			out = append(out, fmt.Sprintf("%q is not a need", need))
		} else if !can {
			out = append(out, fmt.Sprintf("the need %q is reserved: no version of Plumb gives it yet", need))
		}
		if slices.Contains(l.Needs[:i], need) {
			out = append(out, fmt.Sprintf("the need %q is declared twice", need))
		}
	}
	return append(out, l.Schema.Mistakes()...)
}
