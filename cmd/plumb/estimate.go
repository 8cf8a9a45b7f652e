package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// defaultTFLOPs is what an accelerator is taken to do, in 10^12 operations a
// second, until plumb bench has measured one: about 40 % of the 495 that an
// H100's data sheet gives for dense TF32 products.
const defaultTFLOPs = 200

// smallestHours of an accelerator are worth a word.
const smallestHours = 0.01

// estimates is what the stages of a plan will take on an accelerator, from the
// arithmetic of their components: of those that are to run and have not run here
// before.
type estimates struct {
	tflops  float64
	byNode  map[*plan.Node]sdk.Estimate
	total   sdk.Estimate // operations and disk of all, the memory of the largest
	largest *plan.Node   // that needs most memory
	unknown int          // stages that are to run and whose time nothing is known of
}

// estimate asks components, as far as they are built in and can tell.
func (s *session) estimate(forecast *run.Forecast, tflops float64) *estimates {
	e := &estimates{tflops: tflops, byNode: map[*plan.Node]sdk.Estimate{}}
	assumed := map[string]bool{}
	for _, node := range s.plan.Nodes {
		n := forecast.Nodes[node]
		if n.Cached || n.Seconds != nil {
			continue
		}
		one, ok := s.estimateNode(node)
		if !ok {
			if node.Instance != nil {
				e.unknown++
			}
			continue
		}
		if one.Operations == 0 && one.MemoryBytes == 0 {
			continue // too little to count
		}
		e.byNode[node] = one
		e.total.Operations += one.Operations
		e.total.DiskBytes += one.DiskBytes
		if one.MemoryBytes > e.total.MemoryBytes {
			e.total.MemoryBytes, e.largest = one.MemoryBytes, node
		}
		for _, text := range one.Assumes {
			assumed[text] = true
		}
	}
	e.total.Assumes = slices.Sorted(maps.Keys(assumed))
	return e
}

func (s *session) estimateNode(node *plan.Node) (sdk.Estimate, bool) {
	if node.Instance == nil || !node.Instance.Identity.Builtin() {
		return sdk.Estimate{}, false
	}
	request := sdk.EstimateRequest{}
	instance := node.Instance
	request.Images, _ = node.Items()
	switch work := node.Work.(type) {
	case *plan.SampleWork:
		request.Call = sdk.CallSample
	case *plan.PrepareWork:
		request.Call = sdk.CallPrepare
	case *plan.TuneWork:
		request.Call, request.Steps, request.Images = sdk.CallTune, work.Steps, work.BatchSize*len(work.Losses)
	case *plan.EncodeTextsWork:
		return sdk.Estimate{}, true // little beside the images
	default:
		request.Call = sdk.CallEncode
	}
	if request.Images == 0 {
		return sdk.Estimate{}, false // of a folder; known when it has been read
	}
	component := s.program.component(instance)
	if component.Estimate == nil {
		if component.ReadsFeatures() && !component.DoesRead(sdk.ReadPixels) {
			return sdk.Estimate{}, true // little beside the encoding, which is a stage of its own
		}
		return sdk.Estimate{}, false
	}
	request.Config = instance.Config
	one, err := component.Estimate(request)
	return one, err == nil // what is wrong with a configuration shows when it is opened
}

// component finds a built-in component.
func (p *program) component(instance *plan.Instance) sdk.Component {
	for _, c := range p.plugin.Components {
		if string(c.Kind) == instance.Kind && c.Name == instance.Component {
			return c
		}
	}
	return sdk.Component{}
}

// hours of an accelerator that some operations take.
func (e *estimates) hours(operations float64) float64 { return operations / (e.tflops * 1e12) / 3600 }

// short is a stage's estimate for the column of times: hours of an accelerator.
func (e *estimates) short(node *plan.Node) string {
	one, ok := e.byNode[node]
	if !ok {
		return ""
	}
	text := hoursText(e.hours(one.Operations))
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

// write sums the estimates up, and says what they stand on.
func (e *estimates) write(w io.Writer) {
	if e.hours(e.total.Operations) < smallestHours {
		return
	}
	text := fmt.Sprintf("~ Estimated for one accelerator, from arithmetic: %s take %.2g floating-point operations, %s (GPU-hours) at %g TFLOP/s; "+
		"GPU memory at least %s (%s: weights and what AdamW keeps, without activations); %s of disk.",
		plural(len(e.byNode), "stage", "stages"), e.total.Operations, hoursText(e.hours(e.total.Operations)), e.tflops,
		byteSize(e.total.MemoryBytes), e.largest.Label, byteSize(e.total.DiskBytes))
	if e.unknown > 0 {
		text += fmt.Sprintf(" Not in it: %s of which nothing is known.", plural(e.unknown, "stage", "stages"))
	}
	assumes := e.total.Assumes
	if e.tflops == defaultTFLOPs {
		assumes = append(slices.Clone(assumes), fmt.Sprintf("%g TFLOP/s, about 40 %% of the 495 in an H100's data sheet (TF32); --tflops sets it, `plumb bench sd15` measures it", e.tflops))
	}
	text += " Assumed: " + strings.Join(assumes, "; ") + "."
	fmt.Fprintf(w, "\n%s\n", indent(text, 0, 80))
}
