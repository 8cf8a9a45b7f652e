package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// provider is one binary: what it is, what it says of itself, and the process
// that runs it, if one does.
type provider struct {
	host    *Host
	entry   Entry
	builtin bool
	known   []sdk.Description // what it provides, if it need not be asked

	// turn holds one token: starting and describing go one after the other.
	turn chan struct{}

	mu          sync.Mutex
	process     *process
	digest      string              // sha256 of the binary in hex; empty for the built-in
	description *client.Description // nil: not asked yet
}

func newProvider(h *Host, entry Entry, builtin bool) *provider {
	return &provider{host: h, entry: entry, builtin: builtin, turn: make(chan struct{}, 1)}
}

func (p *provider) origin() Origin { return Origin{Plugin: p.entry.Name, Builtin: p.builtin} }

// described returns what the plugin says of itself. The answer is kept: it is
// the binary's, and a binary that changes under a running host is refused.
func (p *provider) described(ctx context.Context) (*client.Description, error) {
	p.mu.Lock()
	known := p.description
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	if p.known != nil {
		if mistakes := sdk.ValidateDescriptions(p.entry.Name, p.known); len(mistakes) > 0 {
			return nil, p.origin().fromComponent(client.Call{}, mistakes)
		}
		return p.keep(client.Description{Name: p.entry.Name, Components: p.known}), nil
	}
	process, err := p.running(ctx)
	if err != nil {
		return nil, err
	}
	description, err := process.client.Describe(ctx)
	if err != nil {
		return nil, err
	}
	return p.keep(description), nil
}

func (p *provider) keep(description client.Description) *client.Description {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.description = &description
	return p.description
}

// running returns the plugin's process, started if need be.
func (p *provider) running(ctx context.Context) (*process, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p.host.isStopped() {
		return nil, ErrStopped
	}
	p.mu.Lock()
	current, before := p.process, p.digest
	p.mu.Unlock()
	if current != nil && !current.child.exited() {
		return current, nil
	}
	if current != nil {
		current.end()
	}

	path, found, err := p.examine(ctx)
	if err != nil {
		return nil, err
	}
	if before != "" && found != before {
		return nil, diag.Errorf(diag.Range{}, fmt.Sprintf("The binary of plugin %q changed while Plumb was running", p.entry.Name),
			"%s had the sha256 %s and now has %s. Results of the two must not mix: run the experiment again.", path, before, found)
	}
	started, err := startProcess(ctx, p, path)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.process, p.digest = started, found
	return started, nil
}

// sha256 is the digest of the binary that was started, in hex; empty for the
// built-in.
func (p *provider) sha256() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digest
}

// examine checks the binary before anything is started, and digests it.
func (p *provider) examine(ctx context.Context) (path, sha256 string, err error) {
	path, err = filepath.Abs(p.entry.Command)
	if err != nil {
		return "", "", fmt.Errorf("find plugin %q: %w", p.entry.Name, err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q is not there", p.entry.Name), "No file %s. Build or copy the plugin there, or correct its source.", path)
	case err != nil:
		return "", "", diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q cannot be read", p.entry.Name), "%v.", err)
	case info.IsDir():
		return "", "", diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q is a directory", p.entry.Name), "%s is not a binary. Name the plugin's binary as its source.", path)
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return "", "", diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q is not executable", p.entry.Name), "Allow it with: chmod +x %s", path)
	}
	if p.builtin && p.entry.SHA256 == "" {
		return path, "", nil
	}
	sha256, err = (*digest.Memory)(nil).File(ctx, path) // read anew, whatever its times say
	if ctx.Err() != nil {
		return "", "", ctx.Err()
	}
	if err != nil {
		return "", "", diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q cannot be read", p.entry.Name), "%v.", err)
	}
	if want := strings.ToLower(p.entry.SHA256); want != "" && sha256 != want {
		return "", "", diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q is not the one that was pinned", p.entry.Name),
			"%s has the sha256 %s, but %s is pinned. If you rebuilt or updated it on purpose, write the new digest into plumb.lock.hcl; if not, do not run it.", path, sha256, want)
	}
	return path, sha256, nil
}

// stop ends the process as gently as ctx allows.
func (p *provider) stop(ctx context.Context) error {
	p.mu.Lock()
	current := p.process
	p.mu.Unlock()
	if current == nil || current.child.exited() {
		return nil
	}
	err := current.stop(ctx)
	var failure *client.Failure
	if errors.As(err, &failure) {
		return p.origin().fromComponent(client.Call{Method: "Stop"}, failure.Diagnostics)
	}
	return nil // a plugin that does not answer has been killed: there is no more to do
}

// forget clears away what is left of a dead process.
func (p *provider) forget() {
	p.mu.Lock()
	current := p.process
	p.process = nil
	p.mu.Unlock()
	if current != nil {
		current.end()
	}
}

// asList is an error as diagnostics.
func asList(err error) diag.List {
	if err == nil {
		return nil
	}
	var list diag.List
	if errors.As(err, &list) {
		return list
	}
	return diag.Errorf(diag.Range{}, err.Error(), "")
}
