package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Options are a host's settings.
type Options struct {
	// Builtin serves the built-in components: the command is this program, executed
	// once more. It is trusted: it gets the whole environment, and is not digested.
	Builtin Entry
	// Components are what the Builtin serves, if that is known: no process is
	// started to ask it.
	Components []sdk.Description
	// Plugins are the third parties'. Nothing is executed of those that are neither
	// locked nor allowed.
	Plugins []Entry
	// Logs gets what plugins print, a line at a time, each with its plugin's
	// name; nil drops it.
	Logs io.Writer
	// HeartbeatTimeout is how long a call may go without a sign of life before
	// its process counts as stuck, as long as its block says nothing; 0 means 60 s.
	HeartbeatTimeout time.Duration
	// Backend is the compute backend of instances whose OpenRequest names
	// none; empty means "auto".
	Backend string
}

// ErrStopped is the answer of a host that was stopped or killed.
var ErrStopped = errors.New("the plugin host has been stopped")

// Host runs plugins. Its methods may be called from several goroutines.
//
//  1. Catalog starts plugins and asks what they provide.
//  2. Open makes an instance in the plugin that provides the component.
//  3. Calls on instances.
//  4. Stop lets plugins finish and ends them; Kill ends them at once.
type Host struct {
	options   Options
	providers []*provider

	logs *logs

	mu       sync.Mutex
	stopped  bool
	children map[*child]struct{}  // every process that may be alive
	sockets  *sockets             // nil until a process is started, and where there can be none
	launcher *launcher            // nil until a process is started
	hung     map[string]diag.List // of components that gave no sign of life: why, by who they are
}

// NewHost makes a host. It starts nothing yet.
func NewHost(o Options) *Host {
	if o.HeartbeatTimeout <= 0 {
		o.HeartbeatTimeout = client.DefaultSilence
	}
	if o.Backend == "" {
		o.Backend = "auto"
	}
	if o.Logs == nil {
		o.Logs = io.Discard
	}
	h := &Host{options: o, logs: newLogs(o.Logs), children: map[*child]struct{}{}, hung: map[string]diag.List{}}
	if len(o.Builtin.Command) > 0 {
		if o.Builtin.Name == "" {
			o.Builtin.Name = spec.Builtin
		}
		builtin := newProvider(h, o.Builtin, true)
		builtin.known = o.Components
		h.providers = append(h.providers, builtin)
	}
	for _, entry := range o.Plugins {
		h.providers = append(h.providers, newProvider(h, entry, false))
	}
	return h
}

// LogTo has what plugins print be kept in a directory from now on, a file for each
// plugin. Messages name the file.
func (h *Host) LogTo(dir string) { h.logs.to(dir) }

// Open makes an instance of a component, starting its plugin if it does not run. A
// third party's component has the name that Identity.Qualified gives. An empty
// Backend is the host's. Mistakes and crashes, here and in the
// instance's calls, are a diag.List. The instance dies with its plugin's process:
// after a crash, Open another. A component that hung is not opened again.
func (h *Host) Open(ctx context.Context, r client.OpenRequest) (*client.Instance, error) {
	p, name, err := h.find(ctx, r.Kind, r.Component)
	if err != nil {
		return nil, err
	}
	r.Name, r.Component = cmp.Or(r.Name, r.Component), name
	if r.Backend == "" {
		r.Backend = h.options.Backend
	}
	if r.Device == "" {
		r.Device = p.entry.Device
	}
	if r.DType == "" {
		r.DType = p.entry.DType
	}
	if why := h.hungBefore(p, client.Call{Kind: r.Kind, Name: r.Name}); why != nil {
		return nil, why
	}
	process, err := p.running(ctx)
	if err != nil {
		return nil, err
	}
	instance, err := process.client.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	// A script reads its files as it goes.
	if err := p.unchanged(ctx, process); err != nil {
		return nil, err
	}
	return instance, nil
}

// CheckPrompts asks a component what it cannot make sense of in prompts, starting
// its plugin if it does not run. name is what the experiment calls the component.
// Errors are those of Open.
func (h *Host) CheckPrompts(ctx context.Context, kind, component, name string, r sdk.CheckPromptsRequest) (sdk.PromptFindings, error) {
	p, component, err := h.find(ctx, kind, component)
	if err != nil {
		return sdk.PromptFindings{}, err
	}
	process, err := p.running(ctx)
	if err != nil {
		return sdk.PromptFindings{}, err
	}
	return process.client.CheckPrompts(ctx, client.CheckPromptsRequest{Kind: kind, Component: component, Name: name, CheckPromptsRequest: r})
}

// Describe returns what a plugin says of itself. It is started if it is not locked.
func (h *Host) Describe(ctx context.Context, plugin string) (client.Description, error) {
	for _, p := range h.providers {
		if p.entry.Name != plugin {
			continue
		}
		description, err := p.described(ctx)
		if err != nil {
			return client.Description{}, err
		}
		return *description, nil
	}
	return client.Description{}, diag.Errorf(diag.Range{}, fmt.Sprintf("There is no plugin %q", plugin), "")
}

// hangs notes that a third party's component hung.
func (h *Host) hangs(plugin string, call client.Call, why diag.List) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hung[plugin+" "+call.Kind+" "+call.Name] = why
}

// hungBefore says that a component hung: whoever waits for it again waits as long, for
// nothing.
func (h *Host) hungBefore(p *provider, call client.Call) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	why := h.hung[p.entry.Name+" "+call.Kind+" "+call.Name]
	if why == nil {
		return nil
	}
	return diag.Errorf(why[0].Subject, p.origin().subject(call)+" stopped answering before", "It is not asked again in this run: %s", why[0].Detail)
}

// Stop asks every plugin to end its calls and close its instances, waits for
// that as long as ctx lasts, and kills what is left. The host is of no use
// afterwards.
func (h *Host) Stop(ctx context.Context) error {
	h.refuseStarts()
	failures := make([]error, len(h.providers))
	var all sync.WaitGroup
	for i, p := range h.providers {
		all.Go(func() { failures[i] = p.stop(ctx) })
	}
	all.Wait()
	h.Kill()
	var out diag.List
	for _, err := range failures {
		out = append(out, asList(err)...)
	}
	return out.Err()
}

// Kill ends every plugin's process at once. The host is of no use afterwards.
func (h *Host) Kill() {
	h.refuseStarts()
	h.mu.Lock()
	children := h.children
	h.children = map[*child]struct{}{}
	h.mu.Unlock()
	for r := range children {
		r.kill()
	}
	for r := range children {
		r.wait(killPatience)
	}
	for _, p := range h.providers {
		p.forget()
	}
	h.logs.close()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets != nil {
		h.sockets.close()
		h.sockets = nil
	} else {
		removeDead(os.TempDir()) // a host that started nothing looks for them, too
	}
	if h.launcher != nil {
		h.launcher.close()
		h.launcher = nil
	}
}

// socketsDir is the directory below which a plugin is to have its socket; empty: that
// of temporary files.
func (h *Host) socketsDir() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return "", ErrStopped
	}
	if h.sockets == nil {
		made, err := openSockets(os.TempDir())
		if made == nil || err != nil {
			return "", err
		}
		h.sockets = made
	}
	return h.sockets.dir, nil
}

func (h *Host) refuseStarts() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
}

func (h *Host) isStopped() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopped
}

// enlist starts a child, unless the host has been stopped meanwhile.
func (h *Host) enlist(r *child, start func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return ErrStopped
	}
	if h.launcher == nil {
		h.launcher = newLauncher()
	}
	if err := h.launcher.do(start); err != nil {
		return err
	}
	h.children[r] = struct{}{}
	return nil
}

func (h *Host) dismiss(r *child) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.children, r)
}
