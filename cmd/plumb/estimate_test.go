package main

import (
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestForecastLine: the summary and the paragraph on arithmetic say the same of the same
// stages: what has run before, what is estimated, what is unknown, and the disk of all.
func TestForecastLine(t *testing.T) {
	const hour = 200e12 * 3600 // operations
	estimated := func(operations ...float64) *session.Costs {
		c := &session.Costs{TFLOPs: 200, ByNode: map[*plan.Node]sdk.Estimate{}}
		for _, n := range operations {
			node := &plan.Node{Label: "tune"}
			c.ByNode[node] = sdk.Estimate{Operations: n, DiskBytes: 1 << 30}
			c.Total.Operations += n
			c.Total.DiskBytes += 1 << 30
			c.Largest = node
		}
		return c
	}
	for _, test := range []struct {
		forecast run.Forecast
		costs    *session.Costs
		want     string
	}{
		{run.Forecast{Complete: true}, estimated(), "1 stage, all cached: nothing to run."},
		{run.Forecast{ToRun: 5, Unknown: 5}, estimated(), "1 stage, 0 cached, 5 to run; time unknown until they have run once here."},
		{run.Forecast{ToRun: 5, Seconds: 66, Bytes: 3 << 20}, estimated(), "1 stage, 0 cached, 5 to run: about 1m06s as before, 3.00 MiB of disk."},
		{run.Forecast{ToRun: 5, Seconds: 66, Unknown: 4}, estimated(), "1 stage, 0 cached, 5 to run: about 1m06s as before and 4 stages of unknown time."},
		{run.Forecast{ToRun: 5, Unknown: 5}, estimated(hour, hour/2), "1 stage, 0 cached, 5 to run: about 1.5 h of an accelerator by arithmetic and 3 stages of unknown time, 2.00 GiB of disk."},
		{run.Forecast{ToRun: 5, Seconds: 66, Bytes: 1 << 30, Unknown: 3}, estimated(59*hour, hour/2), "1 stage, 0 cached, 5 to run: about 1m06s as before, 59.5 h of an accelerator by arithmetic and 1 stage of unknown time, 3.00 GiB of disk."},
		{run.Forecast{ToRun: 1, Unknown: 1}, estimated(hour / 3600), "1 stage, 0 cached, 1 to run: about 1.0s of an accelerator by arithmetic, 1.00 GiB of disk."},
	} {
		p := &plan.Plan{Nodes: []*plan.Node{{}}}
		if got := forecastLine(p, &test.forecast, test.costs); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
		var paragraph strings.Builder
		writeCosts(&paragraph, test.costs)
		if text := strings.Join(strings.Fields(paragraph.String()), " "); strings.Contains(test.want, " h ") && !strings.Contains(text, hoursText(test.costs.Hours(test.costs.Total.Operations))+" at 200 TFLOP/s") {
			t.Errorf("the paragraph says %q", text)
		}
	}
}
