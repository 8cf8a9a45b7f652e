package plugin

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// A title is a line: what an exception says in several goes on below it.
func TestSummaryInSeveralLines(t *testing.T) {
	err := Origin{Plugin: "p"}.fromComponent(client.Call{Kind: "reward", Name: "mine"},
		sdk.Diagnostics{{Severity: sdk.SeverityError, Summary: "\nValueError: first\nsecond", Detail: "Traceback"}})
	d := asList(err)[0]
	if d.Summary != "ValueError: first" || d.Detail != "second\nTraceback\nSaid by reward \"mine\" of plugin \"p\"." {
		t.Errorf("%q, %q", d.Summary, d.Detail)
	}
}
