package plugin

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Entry is a plugin's binary: an explicit path or an entry of the lock file.
type Entry struct {
	Name    string     // as the experiment and diagnostics call it
	Command string     // path of the binary; never searched for in PATH
	Args    []string   // its arguments
	SHA256  string     // digest of the binary, in hex; empty: not pinned
	Range   diag.Range // of the block that names it; what is wrong with it is said there
}

// Options are a host's settings.
type Options struct {
	// Builtin is the binary that serves the built-in components: this program,
	// executed once more. Its Name may be empty.
	Builtin Entry
	// Components are what the Builtin serves, if that is known: no process is
	// started to ask it.
	Components []sdk.Description
	// Plugins are the third parties' binaries.
	Plugins []Entry
	// Logs gets what plugins print, a line at a time, each with its plugin's
	// name; nil drops it.
	Logs io.Writer
	// HeartbeatTimeout is how long a call may go without a sign of life before
	// its process counts as stuck; 0 means 60 s. Open gets five times as long.
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

	mu       sync.Mutex
	stopped  bool
	children map[*child]struct{} // every process that may be alive
	sockets  *sockets            // nil until a process is started, and where there can be none
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
	o.Logs = &lineWriter{to: o.Logs}
	h := &Host{options: o, children: map[*child]struct{}{}}
	if o.Builtin.Command != "" {
		if o.Builtin.Name == "" {
			o.Builtin.Name = "builtin"
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

// Open makes an instance of a component, starting its plugin if it does not
// run. An empty Backend is the host's. Mistakes and crashes, here and in the
// instance's calls, are a diag.List. The instance dies with its plugin's process:
// after a crash, Open another.
func (h *Host) Open(ctx context.Context, r client.OpenRequest) (*client.Instance, error) {
	p, err := h.find(ctx, r.Kind, r.Component)
	if err != nil {
		return nil, err
	}
	if r.Backend == "" {
		r.Backend = h.options.Backend
	}
	process, err := p.running(ctx)
	if err != nil {
		return nil, err
	}
	return process.client.Open(ctx, r)
}

// CheckPrompts asks a component what it cannot make sense of in prompts, starting
// its plugin if it does not run. name is what the experiment calls the component.
// Errors are those of Open.
func (h *Host) CheckPrompts(ctx context.Context, kind, component, name string, r sdk.CheckPromptsRequest) (sdk.PromptFindings, error) {
	p, err := h.find(ctx, kind, component)
	if err != nil {
		return sdk.PromptFindings{}, err
	}
	process, err := p.running(ctx)
	if err != nil {
		return sdk.PromptFindings{}, err
	}
	return process.client.CheckPrompts(ctx, client.CheckPromptsRequest{Kind: kind, Component: component, Name: name, CheckPromptsRequest: r})
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
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets != nil {
		h.sockets.close()
		h.sockets = nil
	} else {
		removeDead(os.TempDir()) // a host that started nothing looks for them, too
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
	if err := start(); err != nil {
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
