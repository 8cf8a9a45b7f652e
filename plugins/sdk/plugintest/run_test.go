package plugintest

import (
	"context"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// light is a reward: how bright an image is, from 0 to gain.
type light struct {
	Gain float64 `json:"gain"`
}

func (l light) Score(_ context.Context, item sdk.Item) (float64, error) {
	var sum float64
	for _, v := range item.Image.RGB {
		sum += float64(v)
	}
	return l.Gain * sum / 255 / float64(len(item.Image.RGB)), nil
}

// TestRun: a component with defaults is checked without a case, one with a required
// option is skipped without and checked with one.
func TestRun(t *testing.T) {
	opened := map[string]int{}
	component := func(name string, required bool) sdk.Component {
		schema := sdk.Settings(light{Gain: 1}).Change("gain", func(a *sdk.Attribute) {
			if a.Required = required; required {
				a.Default = nil
			}
		})
		return sdk.Component{Description: sdk.Description{Kind: sdk.KindReward, Name: name, Schema: schema}, Open: func(_ context.Context, r sdk.OpenRequest) (any, error) {
			opened[name]++
			return sdk.Decode[light](r.Config)
		}}
	}
	Run(t, sdk.Plugin{Name: "p", Components: []sdk.Component{component("easy", false), component("demanding", true)}})
	if opened["easy"] == 0 || opened["demanding"] != 0 {
		t.Errorf("opened %v", opened)
	}
	Run(t, sdk.Plugin{Name: "p", Components: []sdk.Component{component("demanding", true)}},
		Case{Kind: sdk.KindReward, Component: "demanding", Config: []byte(`{"gain":2}`)})
	if opened["demanding"] == 0 {
		t.Error("a case is not tried")
	}
}
