// Command colors is a plugin of Plumb with one component, the encoder colors.
package main

import "github.com/plumb-ml/plumb/plugins/sdk"

// plugin is what this binary serves. More components are further entries.
func plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:       "colors",
		Version:    "0.1.0",
		Components: []sdk.Component{component()},
	}
}

func main() { sdk.Serve(plugin()) }
