package main

import (
	"context"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// options are what a block of the rater may say in an experiment: names, types,
// defaults, ranges and help, each written once.
type options struct {
	Raters    int     `json:"raters" plumb:"min=1,max=100" help:"Raters who look at each image."`
	Threshold float64 `json:"threshold" plumb:"min=0,max=255" help:"Mean brightness from which an image is good, in levels of 256."`
}

// component describes the rater to Plumb.
func component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:         sdk.KindRater,
			Name:         "crowd",
			Summary:      "Raters who like bright images, each a little more or less.",
			Schema:       sdk.Settings(options{Raters: 3, Threshold: 100}),
			Capabilities: []sdk.Capability{sdk.CapabilityCompare},
			CodeVersion:  "1",                                 // raise it when the same image would be labelled otherwise
			Notice:       "crowd is a formula and no people.", // reports say it
		},
		Open: open,
	}
}

// open makes an instance. Load weights here, not in main: plumb validate starts the
// plugin only to ask what it provides.
func open(_ context.Context, r sdk.OpenRequest) (any, error) {
	o, err := sdk.Decode[options](r.Config)
	if err != nil {
		return nil, err
	}
	return rater{options: o}, nil
}

// rater is an opened instance. Its calls never overlap.
type rater struct{ options }

var _ sdk.Comparer = rater{}

// Rate returns for each item one label per rater, always in the same order of raters.
func (r rater) Rate(ctx context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	labels := make([][]sdk.Label, len(items))
	for i, item := range items {
		if err := ctx.Err(); err != nil {
			return nil, err // the run was stopped
		}
		light := brightness(item.Image)
		for rater := range r.Raters {
			label := sdk.LabelBad
			if light >= r.Threshold+float64(10*rater) {
				label = sdk.LabelGood
			}
			labels[i] = append(labels[i], label)
		}
	}
	return labels, nil
}

// Compare returns for each pair one choice per rater, in the order of Rate.
func (r rater) Compare(ctx context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	choices := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		choice := sdk.Tie
		switch first, second := brightness(pair.First), brightness(pair.Second); {
		case first > second:
			choice = sdk.ChooseFirst
		case second > first:
			choice = sdk.ChooseSecond
		}
		for range r.Raters {
			choices[i] = append(choices[i], choice)
		}
	}
	return choices, nil
}

// brightness is the mean of an image's channels, which are 8 bits each.
func brightness(image sdk.Image) float64 {
	var sum float64
	for _, v := range image.RGB {
		sum += float64(v)
	}
	return sum / float64(len(image.RGB))
}
