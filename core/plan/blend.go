package plan

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// BlendWork adds up the scores of several rewards: the sum over terms of the weight
// times the normalised score.
type BlendWork struct {
	Normalize string      `json:"normalize"` // as in spec.WeightedSum
	Terms     []BlendTerm `json:"terms"`
	Reward    string      `json:"-"` // the sum's name
	Over      string      `json:"-"` // the images that Terms are normalised over; empty: none
	Images    int         `json:"-"`
}

// BlendTerm is a reward in a sum.
type BlendTerm struct {
	Reward string  `json:"-"` // its name
	Weight float64 `json:"weight"`
	Scores string  `json:"scores"`         // role of the input with the scores to add
	Over   string  `json:"over,omitempty"` // role of the input with the scores to normalise by; empty: none
}

var _ Work = (*BlendWork)(nil)

func (*BlendWork) kind() (record.Kind, string) { return record.KindBlend, "1" }
func (w *BlendWork) items() (int, string)      { return w.Images, "images" }

// blend adds up the scores of a weighted sum's members.
func (b *builder) blend(reward *spec.Component, of imageSet, where diag.Range) *Node {
	sum := reward.Sum
	work := &BlendWork{Normalize: sum.Normalize, Reward: reward.Name, Images: of.count}
	var inputs []Input
	for i, member := range sum.Members {
		term := BlendTerm{Reward: member.Reward.Name, Weight: member.Weight, Scores: fmt.Sprintf("scores %d", i+1)}
		inputs = append(inputs, Input{term.Scores, b.score(member.Reward, of, where), Scores})
		if sum.Over != nil {
			work.Over = sum.Over.Name
			term.Over = fmt.Sprintf("scores %d over", i+1)
			inputs = append(inputs, Input{term.Over, b.score(member.Reward, b.imageSet(sum.Over), reward.Range), Scores})
		}
		work.Terms = append(work.Terms, term)
	}
	return b.add(of.as(record.KindBlend, reward), work, nil, 0, reward.Range, inputs...)
}
