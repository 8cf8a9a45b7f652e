package builtin

import (
	"encoding/json"
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
		if one.Component == "shapes_clip" || one.Component == "shapes_judge" {
			one.Config, one.Fit = shortFit(t, plugin, one.Component), &sdk.FitRequest{Seed: 1}
		}
		cases = append(cases, one)
	}
	plugintest.Run(t, plugin, cases...)
}

// shortFit is a component's default configuration with a fit of two steps.
func shortFit(t *testing.T, p sdk.Plugin, name string) json.RawMessage {
	t.Helper()
	config := map[string]any{}
	for _, c := range p.Components {
		if c.Name != name {
			continue
		}
		for _, a := range c.Schema.Attributes {
			config[a.Name] = a.Default
		}
	}
	config["steps"], config["batch_size"] = 2, 8
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
