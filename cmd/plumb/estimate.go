package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/session"
)

// smallestHours of an accelerator are worth a word.
const smallestHours = 0.01

// shortCost is a stage's estimate for the column of times: hours of an
// accelerator; empty if it has none.
func shortCost(c *session.Costs, node *plan.Node) string {
	one, ok := c.ByNode[node]
	if !ok {
		return ""
	}
	text := hoursText(c.Hours(one.Operations))
	if strings.HasPrefix(text, "<") {
		return text
	}
	return "~" + text
}

func hoursText(hours float64) string {
	switch {
	case hours < smallestHours:
		return fmt.Sprintf("<%g h", smallestHours)
	case hours < 0.1:
		return fmt.Sprintf("%.2f h", hours)
	case hours < 100:
		return fmt.Sprintf("%.1f h", hours)
	}
	return fmt.Sprintf("%.0f h", hours)
}

// writeCosts sums the estimates up, and says what they stand on.
func writeCosts(w io.Writer, c *session.Costs) {
	if c.Hours(c.Total.Operations) < smallestHours {
		return
	}
	text := fmt.Sprintf("~ Estimated for one accelerator, from arithmetic: %s take %.2g floating-point operations, %s (GPU-hours) at %g TFLOP/s; "+
		"GPU memory at least %s (%s: weights and what AdamW keeps, without activations); %s of disk.",
		plural(len(c.ByNode), "stage", "stages"), c.Total.Operations, hoursText(c.Hours(c.Total.Operations)), c.TFLOPs,
		byteSize(c.Total.MemoryBytes), c.Largest.Label, byteSize(c.Total.DiskBytes))
	if c.Unknown > 0 {
		text += fmt.Sprintf(" Not in it: %s of which nothing is known.", plural(c.Unknown, "stage", "stages"))
	}
	assumes := c.Total.Assumes
	if c.TFLOPs == session.DefaultTFLOPs {
		assumes = append(slices.Clone(assumes), fmt.Sprintf("%g TFLOP/s, about 40 %% of the 495 in an H100's data sheet (TF32); --tflops sets it, `plumb bench sd15` measures it", c.TFLOPs))
	}
	text += " Assumed: " + strings.Join(assumes, "; ") + "."
	fmt.Fprintf(w, "\n%s\n", indent(text, 0, 80))
}
