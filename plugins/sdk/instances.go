package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// DefaultBatch is the number of items that a component gets at once if it does
// not say what it prefers.
const DefaultBatch = 32

// instance is an opened component. Its gate holds one token: whoever has it is
// the one call that the instance is busy with.
type instance struct {
	component Component
	value     any
	gate      chan struct{}
	closed    chan struct{}
	tune      *TuneRequest // of the call that runs; nil if it is not Tune
}

// batch is how many items the component gets at once.
func (in *instance) batch() int {
	if in.component.PreferredBatch > 0 {
		return in.component.PreferredBatch
	}
	return DefaultBatch
}

func (in *instance) String() string {
	return fmt.Sprintf("%s %q", in.component.Kind, in.component.Name)
}

// cannot is the answer to a call that the component has no method for.
func (in *instance) cannot(what string) error {
	return Errorf("%s cannot %s", in, what)
}

// instances holds what a plugin has open.
type instances struct {
	plugin Plugin

	mu      sync.Mutex
	open    map[string]*instance
	last    int
	stopped chan struct{} // closed by stop
}

func newInstances(p Plugin) *instances {
	return &instances{plugin: p, open: map[string]*instance{}, stopped: make(chan struct{})}
}

// start opens a component, names the instance and asks for its facts.
func (t *instances) start(ctx context.Context, kind Kind, component string, r OpenRequest) (string, map[string]float64, error) {
	in, err := t.build(ctx, kind, component, r)
	if err != nil {
		return "", nil, err
	}
	var facts map[string]float64
	if informer, ok := in.value.(Informer); ok {
		if err := in.guard(func() error { facts = informer.Facts(); return nil }); err != nil {
			return "", nil, errors.Join(err, in.release())
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.stopped:
		return "", nil, errors.Join(errStopping, in.release())
	default:
	}
	t.last++
	id := strconv.Itoa(t.last)
	t.open[id] = in
	return id, facts, nil
}

var errStopping = Errorf("the plugin is stopping")

func (t *instances) build(ctx context.Context, kind Kind, component string, r OpenRequest) (_ *instance, err error) {
	described, err := t.component(kind, component)
	if err != nil {
		return nil, err
	}
	in := &instance{
		component: described,
		gate:      make(chan struct{}, 1),
		closed:    make(chan struct{}),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.release())
		}
	}()

	err = in.explainOutOfMemory(CallOpen, in.guard(func() error {
		var err error
		in.value, err = in.component.Open(ctx, r)
		return err
	}))
	if err != nil {
		return nil, err
	}
	return in, in.checkCapabilities()
}

// component finds a component of the plugin.
func (t *instances) component(kind Kind, name string) (Component, error) {
	position := slices.IndexFunc(t.plugin.Components, func(c Component) bool { return c.Kind == kind && c.Name == name })
	if position < 0 {
		return Component{}, Errorf("plugin %q has no %s %q", t.plugin.Name, kind, name)
	}
	return t.plugin.Components[position], nil
}

// use runs work with an instance while no other call does. A panic of the
// component becomes a diagnostic of this call, and so does a device that has too
// little memory.
func (t *instances) use(ctx context.Context, id string, call Call, work func(in *instance) error) error {
	t.mu.Lock()
	in, ok := t.open[id]
	t.mu.Unlock()
	if !ok {
		return Errorf("instance %q is not open", id)
	}
	select {
	case in.gate <- struct{}{}:
		defer func() { <-in.gate }()
	case <-in.closed:
		return Errorf("%s has been closed", in)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-in.closed:
		return Errorf("%s has been closed", in)
	default:
	}
	defer func() { in.tune = nil }()
	return in.explainOutOfMemory(call, in.guard(func() error { return work(in) }))
}

// close refuses new calls, waits for the one that runs, and frees the instance.
func (t *instances) close(ctx context.Context, id string) error {
	t.mu.Lock()
	in, ok := t.open[id]
	delete(t.open, id)
	t.mu.Unlock()
	if !ok {
		return Errorf("instance %q is not open", id)
	}
	close(in.closed)
	select {
	case in.gate <- struct{}{}:
		return in.release()
	case <-ctx.Done():
		return fmt.Errorf("close %s while a call runs: %w", in, ctx.Err())
	}
}

// stop ends what runs and closes everything.
func (t *instances) stop(ctx context.Context) error {
	t.mu.Lock()
	select {
	case <-t.stopped:
	default:
		close(t.stopped)
	}
	var ids []string
	for id := range t.open {
		ids = append(ids, id)
	}
	t.mu.Unlock()
	var failures []error
	for _, id := range ids {
		failures = append(failures, t.close(ctx, id))
	}
	return errors.Join(failures...)
}

// release frees the instance.
func (in *instance) release() error {
	if closer, ok := in.value.(io.Closer); ok {
		return in.guard(closer.Close)
	}
	return nil
}

// guard turns a panic of the component into a diagnostic, so that one bad call
// does not end the process.
func (in *instance) guard(work func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = Diagnostic{
				Severity: SeverityError,
				Summary:  fmt.Sprintf("%s panicked: %v", in, reason),
				Detail:   "This is a mistake in the plugin; tell its author:\n" + stackOfPanic(debug.Stack()),
			}
		}
	}()
	return work()
}

// stackOfPanic is the first lines of a stack, from the frame that panicked on.
func stackOfPanic(stack []byte) string {
	const keep = 12
	lines := strings.Split(strings.TrimSpace(string(stack)), "\n")
	if at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "panic(") }); at >= 0 && at+2 < len(lines) {
		lines = lines[at+2:] // the panic's own frame takes two lines
	}
	return strings.Join(lines[:min(keep, len(lines))], "\n")
}
