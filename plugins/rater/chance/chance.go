// Package chance is the rater "chance": simulated people who do not look. It is
// a control, of a pipeline and of its statistics: what an experiment finds by
// their labels is not there.
package chance

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	Raters   int     `json:"raters" plumb:"min=1,max=99" help:"People who are asked about every image."`
	Good     float64 `json:"good" plumb:"min=0,max=1" help:"Share of good among their good and bad; of two images, each is chosen as often."`
	SkipRate float64 `json:"skip_rate" plumb:"min=0,max=1" help:"Share of images that a rater skips, and of pairs that he ties."`
}

// Component describes the rater.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:         sdk.KindRater,
			Name:         "chance",
			Summary:      "Simulated raters who say good or bad, or choose between two images, by chance: a control.",
			Schema:       sdk.Settings(config{Raters: 9, Good: 0.5}),
			CodeVersion:  "1",
			Capabilities: []sdk.Capability{sdk.CapabilityCompare},
		},
		Open: open,
	}
}

type raters struct {
	config
	seed uint64
}

var _ sdk.Comparer = (*raters)(nil)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	config, err := sdk.Decode[config](request.Config)
	return &raters{config: config, seed: request.Seed}, err
}

// Rate draws every rater's label from the instance's seed, the item's ID and its
// prompt: not from its pixels, nor from its neighbours.
func (r *raters) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	labels := make([][]sdk.Label, len(items))
	for i, item := range items {
		random := r.random(item.ID, item.Prompt.Text)
		for range r.Raters {
			skip, good := random.Float64(), random.Float64()
			switch {
			case skip < r.SkipRate:
				labels[i] = append(labels[i], sdk.LabelSkip)
			case good < r.Good:
				labels[i] = append(labels[i], sdk.LabelGood)
			default:
				labels[i] = append(labels[i], sdk.LabelBad)
			}
		}
	}
	return labels, nil
}

// Compare draws every rater's choice from the instance's seed, the pair's ID and
// its prompt.
func (r *raters) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	choices := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		random := r.random(pair.ID, pair.Prompt.Text)
		for range r.Raters {
			skip, first := random.Float64(), random.Float64()
			switch {
			case skip < r.SkipRate:
				choices[i] = append(choices[i], sdk.Tie)
			case first < 0.5:
				choices[i] = append(choices[i], sdk.ChooseFirst)
			default:
				choices[i] = append(choices[i], sdk.ChooseSecond)
			}
		}
	}
	return choices, nil
}

// random is the source of all raters' answers about one image or pair.
func (r *raters) random(id, prompt string) *rand.Rand {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s\x00%s", id, prompt)
	return rand.New(rand.NewPCG(r.seed, hash.Sum64()))
}
