// Package shapesscenes is the sampler "shapes_scenes": the renderer of the
// miniature world, whose images stand in for photographs.
package shapesscenes

import (
	"context"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/plugins/ml/shapesworld"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block: how much scenes differ, and how often one
// shows something else than its prompt says, as pictures on the web do.
type config struct {
	Variety         float64 `json:"variety" plumb:"min=0" help:"How much objects differ in place, size and turn."`
	CountError      float64 `json:"count_error" plumb:"min=0,max=1" help:"Share of scenes whose count is another than the prompt's."`
	ColorError      float64 `json:"color_error" plumb:"min=0,max=1" help:"Share of scenes whose color is another than the prompt's."`
	ObjectError     float64 `json:"object_error" plumb:"min=0,max=1" help:"Share of scenes whose object is another than the prompt's."`
	BackgroundError float64 `json:"background_error" plumb:"min=0,max=1" help:"Share of scenes whose background is another than the prompt's."`
}

// Component describes the sampler.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindSampler,
			Name:    "shapes_scenes",
			Summary: "Renderer of the miniature world of shapes: its real images.",
			Schema: sdk.Settings(config{Variety: 0.25}).Change("variety", func(a *sdk.Attribute) {
				a.Maximum = sdk.Bound(shapesworld.FullVariety)
			}),
			CodeVersion:  "3",
			Notice:       shapesworld.Notice,
			Capabilities: []sdk.Capability{sdk.CapabilityCheckPrompts},
		},
		CheckPrompts: shapesworld.CheckPrompts,
		Open: func(_ context.Context, request sdk.OpenRequest) (any, error) {
			config, err := sdk.Decode[config](request.Config)
			return &scenes{config: config}, err
		},
	}
}

type scenes struct{ config config }

var _ sdk.Sampler = (*scenes)(nil)

// Sample renders a scene for each prompt.
func (s *scenes) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for i, draw := range draws {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := shapesworld.Refuse(draw.Prompt.Text); err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(draw.Seed, 2))
		asked := shapesworld.Ask(draw.Prompt.Text)
		mistake(&asked.Count, len(shapesworld.Counts), s.config.CountError, random)
		mistake(&asked.Color, len(shapesworld.Colors), s.config.ColorError, random)
		mistake(&asked.Object, len(shapesworld.Objects), s.config.ObjectError, random)
		mistake(&asked.Background, len(shapesworld.Backgrounds), s.config.BackgroundError, random)
		image := sdk.Image{Width: shapesworld.Size, Height: shapesworld.Size, RGB: shapesworld.Render(shapesworld.NewScene(asked, s.config.Variety, random))}
		if err := emit(i, image); err != nil {
			return err
		}
	}
	return nil
}

// mistake replaces what is asked for by one of the n - 1 others at the given rate.
func mistake(asked *int, n int, rate float64, random *rand.Rand) {
	if *asked >= 0 && random.Float64() < rate {
		*asked = (*asked + 1 + random.IntN(n-1)) % n
	}
}
