// Package builtin is the one list of the components that come with plumb. They
// are served over the same wire as everybody else's: the binary re-executes
// itself.
package builtin

import (
	"github.com/plumb-ml/plumb/plugins/encoder/clip"
	"github.com/plumb-ml/plumb/plugins/encoder/inception"
	"github.com/plumb-ml/plumb/plugins/encoder/shapesclip"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/rater/chance"
	"github.com/plumb-ml/plumb/plugins/rater/shapesjudge"
	"github.com/plumb-ml/plumb/plugins/reward/clipscore"
	"github.com/plumb-ml/plumb/plugins/reward/feedback"
	"github.com/plumb-ml/plumb/plugins/sampler/shapes"
	"github.com/plumb-ml/plumb/plugins/sampler/shapesscenes"
	"github.com/plumb-ml/plumb/plugins/sampler/stablediffusion"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Plugin is the plugin of the built-in components.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "builtin",
		Version: "0.1.0",
		Busy:    backends.Busy,
		Repairs: backends.Repairs,
		Components: []sdk.Component{
			shapes.Component(),
			shapesscenes.Component(),
			stablediffusion.Component(),
			shapesclip.Component(),
			clip.Component(),
			inception.Component(),
			chance.Component(),
			shapesjudge.Component(),
			clipscore.Component(),
			feedback.Component(),
		},
	}
}

// Doctor says how fast a backend is that the built-in components compute with.
func Doctor(backend string, quick bool) (backends.Health, error) {
	return backends.Doctor(backend, quick)
}
