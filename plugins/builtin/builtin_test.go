package builtin

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// TestConformance holds the built-in components to the contract, through the
// real wire. The feedback reward answers only once it is fitted; its own
// package runs the kit on a fitted one.
func TestConformance(t *testing.T) {
	plugin := Plugin()
	plugin.Components = slices.DeleteFunc(plugin.Components, func(c sdk.Component) bool { return c.Name == "feedback" })
	plugintest.Run(t, plugin)
}

// TestDescription of all components is without mistakes.
func TestDescription(t *testing.T) {
	if mistakes := Plugin().Validate(); len(mistakes) > 0 {
		t.Error(mistakes)
	}
}
