package session

import (
	"maps"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// DefaultTFLOPs is what an accelerator is taken to do, in 10^12 operations a
// second, until somebody has measured one: about 40 % of the 495 that an H100's
// data sheet gives for dense TF32 products.
const DefaultTFLOPs = 200

// Costs is what the stages of a plan take of a machine. ByNode, Total, Largest and
// Unknown are of stages that are to run and have not run here before, on an
// accelerator, from the arithmetic of their components.
type Costs struct {
	TFLOPs  float64 // 10^12 operations a second that the accelerator does
	ByNode  map[*plan.Node]sdk.Estimate
	Total   sdk.Estimate // operations and disk of all, the memory of the largest
	Largest *plan.Node   // that needs most memory
	Unknown int          // stages that are to run and whose time nothing is known of

	forecast *run.Forecast
	all      map[*plan.Node]sdk.Estimate // of every stage that is to run
}

// Costs asks the components that are built in, as far as they can tell.
func (s *Session) Costs(forecast *run.Forecast) *Costs {
	c := &Costs{TFLOPs: DefaultTFLOPs, ByNode: map[*plan.Node]sdk.Estimate{}, forecast: forecast, all: map[*plan.Node]sdk.Estimate{}}
	assumed := map[string]bool{}
	for _, node := range s.Plan.Nodes {
		n := forecast.Nodes[node]
		if n.Cached {
			continue
		}
		one, ok := s.estimate(node)
		if ok {
			c.all[node] = one
		}
		if n.Seconds != nil {
			continue
		}
		if !ok {
			if node.Instance != nil {
				c.Unknown++
			}
			continue
		}
		c.ByNode[node] = one
		c.Total.Operations += one.Operations
		c.Total.DiskBytes += one.DiskBytes
		if one.MemoryBytes > c.Total.MemoryBytes {
			c.Total.MemoryBytes, c.Largest = one.MemoryBytes, node
		}
		for _, text := range one.Assumes {
			assumed[text] = true
		}
	}
	c.Total.Assumes = slices.Sorted(maps.Keys(assumed))
	return c
}

// estimate asks the component of a node.
func (s *Session) estimate(node *plan.Node) (sdk.Estimate, bool) {
	if node.Instance == nil || !node.Instance.Identity.Builtin() {
		return sdk.Estimate{}, false
	}
	request := sdk.EstimateRequest{}
	instance := node.Instance
	request.Images, _ = node.Items()
	switch work := node.Work.(type) {
	case *plan.SampleWork:
		request.Call = sdk.CallSample
	case *plan.PrecomputeWork:
		request.Call = sdk.CallPrecompute
	case *plan.TuneWork:
		request.Call, request.Steps, request.Images = sdk.CallTune, work.Steps, work.BatchSize*len(work.Losses)
		request.Reference = work.Compares
	case *plan.EncodeTextsWork:
		return sdk.Estimate{}, true // little beside the images
	default:
		request.Call = sdk.CallEncode
	}
	if request.Images == 0 {
		return sdk.Estimate{}, false // of a folder; known when it has been read
	}
	component := s.builtin(instance.Kind, instance.Component)
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

// Hours of an accelerator that some operations take.
func (c *Costs) Hours(operations float64) float64 { return operations / (c.TFLOPs * 1e12) / 3600 }

// Resources is what a stage needs while it works: devices by its plan, memory by
// its component, time by what ran here before or else by arithmetic.
func (c *Costs) Resources(node *plan.Node) run.Resources {
	r := run.Needs(node)
	one := c.all[node]
	r.Memory = one.MemoryBytes
	if seconds := c.forecast.Nodes[node].Seconds; seconds != nil {
		r.Time = time.Duration(*seconds * float64(time.Second))
	} else if r.Devices > 0 {
		r.Time = time.Duration(c.Hours(one.Operations) * float64(time.Hour))
	}
	return r
}
