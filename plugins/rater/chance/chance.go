// Package chance is the rater "chance": simulated people who do not look. It is
// a control, of a pipeline and of its statistics: what an experiment finds by
// their verdicts is not there.
package chance

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	Raters   int     `json:"raters"`
	Good     float64 `json:"good"`
	SkipRate float64 `json:"skip_rate"`
}

// Component describes the rater.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindRater,
			Name:    "chance",
			Summary: "Simulated raters who say good or bad by chance, whatever the image: a control.",
			Schema: sdk.Schema{Attributes: []sdk.Attribute{
				{Name: "raters", Type: sdk.TypeInteger, Default: json.RawMessage("9"), Minimum: sdk.Bound(1), Maximum: sdk.Bound(99), Summary: "People who are asked about every image."},
				{Name: "good", Type: sdk.TypeNumber, Default: json.RawMessage("0.5"), Minimum: sdk.Bound(0), Maximum: sdk.Bound(1), Summary: "Share of good among their good and bad."},
				{Name: "skip_rate", Type: sdk.TypeNumber, Default: json.RawMessage("0"), Minimum: sdk.Bound(0), Maximum: sdk.Bound(1), Summary: "Share of images that a rater skips."},
			}},
			CodeVersion: "1",
		},
		Open: open,
	}
}

type raters struct {
	config
	seed uint64
}

var _ sdk.Rater = (*raters)(nil)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	r := &raters{seed: request.Seed}
	if err := json.Unmarshal(request.Config, &r.config); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return r, nil
}

// Rate draws every rater's verdict from the instance's seed, the item's ID and its
// prompt: not from its pixels, nor from its neighbours.
func (r *raters) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	labels := make([][]sdk.Label, len(items))
	for i, item := range items {
		hash := fnv.New64a()
		fmt.Fprintf(hash, "%s\x00%s", item.ID, item.Prompt.Text)
		random := rand.New(rand.NewPCG(r.seed, hash.Sum64()))
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
