package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// wrong is a reward that is wrong in the way that it is called after.
type wrong struct {
	way  string
	seed float64
}

func (w wrong) Score(ctx context.Context, item sdk.Item) (float64, error) {
	var sum float64
	for i, v := range item.Image.RGB {
		sum += float64(v) * float64(1+i%7)
	}
	score := sum/float64(len(item.Image.RGB)) + float64(len(item.Prompt.Text))
	switch w.way {
	case "constant":
		return 0.5, nil
	case "crashing":
		if item.Image.Width == 1 {
			os.Exit(139)
		}
	case "drifting": // another number for every instance
		return score + w.seed, nil
	case "deaf": // to being cancelled
		time.Sleep(700 * time.Millisecond)
	case "hanging": // alive, and without ever an answer
		<-ctx.Done()
		return 0, ctx.Err()
	case "failing":
		if item.Prompt.Text == "" {
			return 0, sdk.Errorf("the prompt is empty")
		}
	}
	return score, nil
}

func (w wrong) ScoreBatch(ctx context.Context, items []sdk.Item) ([]float64, error) {
	scores := make([]float64, len(items))
	for i, item := range items {
		var err error
		if scores[i], err = w.Score(ctx, item); err != nil {
			return nil, err
		}
		if w.way == "batched" { // by its neighbours
			scores[i] += float64(len(items))
		}
	}
	return scores, nil
}

// wrongPlugin serves rewards that are wrong in one way each, and one that is right.
func wrongPlugin() sdk.Plugin {
	p := sdk.Plugin{Name: "wrong", Version: "1"}
	opened := 0.0
	for _, way := range []string{"right", "constant", "crashing", "drifting", "deaf", "failing", "batched", "hanging"} {
		type scale struct {
			Scale float64 `json:"scale" plumb:"min=0" help:"Factor."`
		}
		type reading struct {
			Weights string    `json:"weights" plumb:"required" help:"What it reads."`
			Sizes   []float64 `json:"sizes" help:"Sizes."`
		}
		schema := sdk.Settings(scale{1})
		if way == "right" {
			schema = sdk.Settings(reading{Sizes: []float64{1}})
		}
		p.Components = append(p.Components, sdk.Component{
			Description: sdk.Description{Kind: sdk.KindReward, Name: way, Summary: fmt.Sprintf("A reward that is %s.", way), CodeVersion: "1", PreferredBatch: 4, Schema: schema},
			Open: func(_ context.Context, r sdk.OpenRequest) (any, error) {
				opened++
				var err error
				if way == "right" {
					_, err = sdk.Decode[reading](r.Config)
				} else {
					_, err = sdk.Decode[scale](r.Config)
				}
				return wrong{way, opened}, err
			},
		})
	}
	return p
}
