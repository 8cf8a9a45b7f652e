package sdk_test

import (
	"context"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// redness scores how red an image is: the mean of its red channel less that of
// the others, in [-1, 1].
type redness struct{}

func (redness) Score(_ context.Context, item sdk.Item) (float64, error) {
	image := item.Image
	var sum float64
	for i := 0; i < len(image.RGB); i += 3 {
		sum += float64(image.RGB[i]) - (float64(image.RGB[i+1])+float64(image.RGB[i+2]))/2
	}
	return sum / 255 / float64(image.Width*image.Height), nil
}

// The smallest plugin: one method and one Serve call.
func ExampleServe() {
	sdk.Serve(sdk.Plugin{
		Name:    "redness",
		Version: "0.1.0",
		Components: []sdk.Component{{
			Description: sdk.Description{
				Kind:        sdk.KindReward,
				Name:        "redness",
				Summary:     "How red an image is, in [-1, 1].",
				CodeVersion: "1",
			},
			Open: func(context.Context, sdk.OpenRequest) (any, error) { return redness{}, nil },
		}},
	})
}
