package run

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
)

// Resources is what a stage needs while it works. What is not known is 0.
type Resources struct {
	Devices int           // accelerators, all at once
	Memory  int64         // bytes of each device's memory, at least
	Time    time.Duration // about how long it takes
}

// Needs is what is known of a stage from its plan alone: whether it needs a device.
func Needs(node *plan.Node) Resources {
	if node.NeedsDevice() {
		return Resources{Devices: 1}
	}
	return Resources{}
}

// leases shares an executor's limits among stages: devices by their number, other
// stages one by one.
type leases struct{ devices, light *pool }

func newLeases(limits Limits) leases {
	return leases{devices: newPool(limits.Devices), light: newPool(max(limits.Light, 1))}
}

// of is where a stage waits for its turn, and how much it takes of it.
func (l leases) of(r Resources) (*pool, int) {
	if r.Devices > 0 {
		return l.devices, r.Devices
	}
	return l.light, 1
}

// pool is a number of alike things that stages take turns on.
type pool struct {
	size  int
	begun int // taken by stages that were started; the schedule alone counts
	turns *semaphore.Weighted
}

func newPool(size int) *pool { return &pool{size: size, turns: semaphore.NewWeighted(int64(size))} }

// take waits until n are free. give gives them back.
func (p *pool) take(ctx context.Context, n int) (give func(), err error) {
	if err := p.turns.Acquire(ctx, int64(n)); err != nil {
		return nil, err
	}
	return func() { p.turns.Release(int64(n)) }, nil
}

// tooMany is the mistake of a stage that needs more than there will ever be.
func tooMany(node *plan.Node, n int, p *pool) diag.List {
	there := fmt.Sprintf("there are %d", p.size)
	if p.size == 1 {
		there = "there is 1"
	}
	return diag.Errorf(node.Range, fmt.Sprintf("%s needs %d devices, and %s", node.Label, n, there),
		"Whatever does the stages has fewer devices than this one asks for. Run it where there are more.")
}
