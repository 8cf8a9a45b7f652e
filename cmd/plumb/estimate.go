package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
)

// smallestHours of an accelerator are worth a word.
const smallestHours = 0.01

// shortCost is a stage's estimate for the column of times; empty if it has none.
func shortCost(c *session.Costs, node *plan.Node) string {
	one, ok := c.ByNode[node]
	if !ok {
		return ""
	}
	return about(3600 * c.Hours(one.Operations))
}

// about is a time that was estimated and not measured.
func about(s float64) string {
	if s == 0 {
		return "little" // beside the stages that it belongs to
	}
	text := seconds(s)
	if strings.HasPrefix(text, "<") {
		return text
	}
	return "~" + text
}

// hoursText is hours of an accelerator, or less.
func hoursText(hours float64) string {
	switch {
	case hours < 1:
		return seconds(3600 * hours)
	case hours < 100:
		return fmt.Sprintf("%.1f h", hours)
	}
	return fmt.Sprintf("%.0f h", hours)
}

// outlook is what of a forecast's stages is known, together with what their
// components' arithmetic says of those that have not run here.
type outlook struct {
	measured  float64 // seconds of stages of which the like has run here
	estimated float64 // seconds of those of an accelerator that have not
	unknown   int     // stages whose time nothing is known of
	bytes     int64   // that come to the disk
}

func lookOut(forecast *run.Forecast, c *session.Costs) outlook {
	o := outlook{measured: forecast.Seconds, estimated: 3600 * c.Hours(c.Total.Operations)}
	o.unknown = forecast.Unknown - len(c.ByNode)
	o.bytes = forecast.Bytes + c.Total.DiskBytes
	return o
}

// writeCosts sums the estimates up, and says what they stand on.
func writeCosts(w io.Writer, c *session.Costs) {
	if c.Hours(c.Total.Operations) < smallestHours {
		return
	}
	text := fmt.Sprintf("~ Estimated for one accelerator, from arithmetic: %s take %.2g floating-point operations, %s at %g TFLOP/s; "+
		"GPU memory at least %s (%s: weights and what AdamW keeps, without activations); %s of disk.",
		plural(len(c.ByNode), "stage", "stages"), c.Total.Operations, hoursText(c.Hours(c.Total.Operations)), c.TFLOPs,
		byteSize(c.Total.MemoryBytes), c.Largest.Label, byteSize(c.Total.DiskBytes))
	assumes := c.Total.Assumes
	if c.TFLOPs == session.DefaultTFLOPs {
		assumes = append(slices.Clone(assumes), fmt.Sprintf("%g TFLOP/s, about 40 %% of the 495 in an H100's data sheet (TF32); --tflops sets it, `plumb bench sd15` measures it", c.TFLOPs))
	}
	text += " Assumed: " + strings.Join(assumes, "; ") + "."
	fmt.Fprintf(w, "\n%s\n", indent(text, 0, 80))
}
