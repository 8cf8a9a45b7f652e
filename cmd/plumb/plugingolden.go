package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/conformance"
)

// meetsGolden compares the golden scores that a plugin ships with those that it gives
// now. It is not locked with others: another version of a library may be why.
func meetsGolden(ctx context.Context, host *plugin.Host, entry plugin.Entry, description client.Description) error {
	if entry.Source == "" {
		return nil // nothing says where they would lie
	}
	dir := pluginDirectory(entry.Beside(entry.Source))
	err := conformance.CheckGolden(ctx, &triedPlugin{Host: host, name: entry.Name, description: description}, description.Components, dir)
	var differ *conformance.GoldenError
	var said diag.List
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.As(err, &differ):
		return diag.Errorf(entry.Place("source"), fmt.Sprintf("Plugin %q does not give its golden scores", entry.Name),
			"%v\nIt is not locked. If it is meant to score otherwise now: plumb plugin check %s --write-golden", differ, entry.Source)
	case errors.As(err, &said):
		return said
	}
	return diag.Errorf(entry.Place("source"), fmt.Sprintf("The golden scores of plugin %q cannot be compared", entry.Name), "%v.", err)
}
