package builtin

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// TestConformance holds the built-in components to the contract, through the
// real wire, on the backend that is tested. The feedback reward answers only once it is fitted; its own
// package runs the kit on a fitted one.
func TestConformance(t *testing.T) {
	plugin := Plugin()
	plugin.Components = slices.DeleteFunc(plugin.Components, func(c sdk.Component) bool { return c.Name == "feedback" })
	var cases []plugintest.Case
	for _, component := range plugin.Components {
		one := plugintest.Case{Kind: component.Kind, Component: component.Name, Backend: backendstest.Name()}
		if one.Backend != backends.Go {
			one.PixelTolerance = 1 // a value may be rounded to either side
		}
		if component.Has(sdk.CapabilityCheckPrompts) {
			one.Nonsense = []sdk.Prompt{{Text: "a red unicorn"}, {Text: "on the"}, {Text: "a red blue ring"}}
		}
		switch one.Component {
		case "shapes":
			one.Config = configured(t, component, map[string]any{"num_inference_steps": 4})
		case "shapes_clip", "shapes_judge":
			one.Config = configured(t, component, map[string]any{"steps": 2, "batch_size": 8})
			one.Fit = &sdk.FitRequest{Seed: 1}
		}
		cases = append(cases, one)
	}
	plugintest.Run(t, plugin, cases...)
}

// configured is a component's default configuration with changes.
func configured(t *testing.T, c sdk.Component, change map[string]any) json.RawMessage {
	t.Helper()
	config := map[string]any{}
	for _, a := range c.Schema.Attributes {
		config[a.Name] = a.Default
	}
	maps.Copy(config, change)
	out, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDescription of all components is without mistakes.
func TestDescription(t *testing.T) {
	if mistakes := Plugin().Validate(); len(mistakes) > 0 {
		t.Error(mistakes)
	}
}
