package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// provider is one plugin: what it is, what it says of itself, and the process that
// runs it, if one does.
type provider struct {
	host    *Host
	entry   Entry
	builtin bool
	known   []sdk.Description // what it provides, if it need not be asked

	// turn holds one token: starting and describing go one after the other.
	turn chan struct{}

	mu          sync.Mutex
	process     *process
	identity    *identity           // nil: not looked at yet, or the built-in
	description *client.Description // nil: not known yet
	hung        error               // why it is not started again: it gave no sign of life
}

func newProvider(h *Host, entry Entry, builtin bool) *provider {
	return &provider{host: h, entry: entry, builtin: builtin, turn: make(chan struct{}, 1)}
}

func (p *provider) origin() Origin { return Origin{Plugin: p.entry.called(), Builtin: p.builtin} }

// silence is how long the plugin may go without a sign of life.
func (p *provider) silence() time.Duration {
	if p.entry.Silence > 0 {
		return p.entry.Silence
	}
	return p.host.options.HeartbeatTimeout
}

// described returns what the plugin says of itself: what is locked, or what it
// answers. The answer is kept: a plugin that changes under a running host is refused.
func (p *provider) described(ctx context.Context) (*client.Description, error) {
	p.mu.Lock()
	known := p.description
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	switch {
	case p.known != nil:
		if mistakes := sdk.ValidateDescriptions(p.entry.Name, p.known); len(mistakes) > 0 {
			return nil, p.origin().fromComponent(client.Call{}, mistakes)
		}
		return p.keep(client.Description{Name: p.entry.Name, Components: p.known}, nil), nil
	case p.entry.Lock != nil:
		found, err := p.look(ctx)
		if err != nil {
			return nil, err
		}
		return p.keep(p.entry.Lock.Description, &found), nil
	}
	if _, err := p.running(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.description, nil
}

func (p *provider) keep(description client.Description, found *identity) *client.Description {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.description = &description
	if found != nil {
		p.identity = found
	}
	return p.description
}

// lockCommand is how a plugin is locked.
func (p *provider) lockCommand() string {
	file := p.entry.Range.File
	if file == "" {
		file = "FILE"
	}
	return "plumb plugin lock " + file
}

// look finds out what a locked plugin is, and refuses what is not as it was locked. It
// executes nothing.
func (p *provider) look(ctx context.Context) (identity, error) {
	of, err := p.entry.resolve(ctx)
	if err != nil {
		return identity{}, p.withLock(err)
	}
	found, err := p.entry.identify(ctx, of)
	if err != nil {
		return identity{}, err
	}
	return found, p.asLocked(found)
}

// withLock adds to what is wrong with a plugin where the lock file has it.
func (p *provider) withLock(err error) error {
	var list diag.List
	lock := p.entry.Lock
	if lock == nil || lock.Range.IsZero() || !errors.As(err, &list) {
		return err
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Detail += fmt.Sprintf(" It is locked in %s, line %d.", near(lock.Range.File), lock.Range.Start.Line)
	}
	return list
}

// notLocked is said of a plugin that nobody has allowed to run.
func (p *provider) notLocked() error {
	other := ""
	if lock := p.entry.Other; lock != nil {
		var was []string
		if lock.Source != "" {
			was = append(was, fmt.Sprintf("source = %q", lock.Source))
		}
		if len(lock.Command) > 0 {
			was = append(was, fmt.Sprintf("command = %q", lock.Command))
		}
		other = fmt.Sprintf("%s, line %d, has one of this name with %s, and the block says otherwise. ", near(lock.Range.File), lock.Range.Start.Line, strings.Join(was, ", "))
	}
	return diag.Errorf(p.entry.Range, fmt.Sprintf("Plugin %q is not locked", p.entry.called()),
		"%sNothing of a plugin is executed before you have said that it may be. Lock it, which runs it once and keeps what it is: %s. Or let all plugins of the experiment run this once: --allow-plugins.", other, p.lockCommand())
}

// asLocked refuses a plugin that is not what was locked.
func (p *provider) asLocked(found identity) error {
	lock := p.entry.Lock
	if lock == nil || found.SHA256 == lock.SHA256 {
		return nil
	}
	changes := differences(lock.Contents, found.Lines)
	if changes == "" || len(lock.Contents) == 0 {
		changes = fmt.Sprintf("its sha256 is %s, and %s was locked", found.SHA256, lock.SHA256)
	}
	stamp := ""
	if found.native != "" && stamped(found.native) {
		stamp = " It carries what version control says of its directory, which makes another program of a tree that is edited, tagged or new: built with -buildvcs=false, it changes with its code alone."
	}
	return diag.Errorf(p.entry.Place("source"), fmt.Sprintf("Plugin %q is not the one that was locked", p.entry.called()),
		"Since it was locked (%s, line %d), %s. If that was meant, lock it again: %s. If not, do not run it.%s", near(lock.Range.File), lock.Range.Start.Line, changes, p.lockCommand(), stamp)
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
	current, hung := p.process, p.hung
	p.mu.Unlock()
	if hung != nil {
		return nil, hung
	}
	if current != nil && !current.child.exited() {
		return current, nil
	}
	if current != nil {
		current.end()
	}
	started, err := p.start(ctx)
	if err == nil {
		return started, nil
	}
	var list diag.List
	if !errors.As(err, &list) || p.builtin {
		return nil, err
	}
	located := naming(p.entry, slices.Clone(list))
	if errors.As(err, new(hungStart)) {
		p.mu.Lock()
		p.hung = located
		p.mu.Unlock()
	}
	return nil, located
}

// start starts the plugin, and makes sure that it is what it was before: what was
// locked, or what this host ran first.
func (p *provider) start(ctx context.Context) (*process, error) {
	if p.builtin {
		return p.startBuiltin(ctx)
	}
	of, err := p.entry.resolve(ctx) // which executes nothing: what is wrong at sight is said before all else
	if err != nil {
		return nil, p.withLock(err)
	}
	if p.entry.Lock == nil && !p.entry.Allowed {
		return nil, p.notLocked()
	}
	// What is digested is what runs: of a program, the file that is open here,
	// whatever its path leads to later.
	var file *os.File
	if of.native {
		if file, err = os.Open(of.argv[0]); err == nil {
			defer file.Close()
			of.opened = file
		}
	}
	found, err := p.entry.identify(ctx, of)
	if err != nil {
		return nil, err
	}
	if err := p.asLocked(found); err != nil {
		return nil, err
	}
	p.mu.Lock()
	before := p.identity
	p.mu.Unlock()
	if err := p.sameAs(before, found); err != nil {
		return nil, err
	}
	started, err := startProcess(ctx, p, of, file)
	if err != nil {
		return nil, err
	}
	started.program = of
	fail := func(err error) (*process, error) {
		started.end()
		return nil, err
	}
	// Written over between the look and the start, or while an interpreter read it.
	again, err := p.entry.identify(ctx, of)
	if err != nil {
		return fail(err)
	}
	if err := p.sameAs(&found, again); err != nil {
		return fail(err)
	}
	started.program.opened = nil
	description, err := started.client.Describe(ctx)
	if err != nil {
		return fail(err)
	}
	if err := p.accept(description); err != nil {
		return fail(err)
	}
	if p.entry.Lock == nil { // what is locked was asked then
		if err := started.client.Probe(ctx, description); err != nil {
			return fail(err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.process, p.identity = started, &found
	if p.description == nil {
		p.description = &description
	}
	return started, nil
}

func (p *provider) startBuiltin(ctx context.Context) (*process, error) {
	argv := p.entry.Command
	of := program{argv: argv, shown: argv[0]}
	if info, err := os.Stat(argv[0]); err != nil || info.IsDir() {
		return nil, diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q is not there", p.entry.called()), "No file %s. It is Plumb's own binary: was it moved while it ran?", argv[0])
	}
	started, err := startProcess(ctx, p, of, nil)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	described := p.description != nil || p.known != nil
	p.mu.Unlock()
	if !described {
		description, err := started.client.Describe(ctx)
		if err != nil {
			started.end()
			return nil, err
		}
		p.keep(description, nil)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.process = started
	return started, nil
}

// sameAs refuses what is not what this host saw before.
func (p *provider) sameAs(before *identity, now identity) error {
	if before == nil || before.SHA256 == now.SHA256 {
		return nil
	}
	return diag.Errorf(p.entry.Place("source"), fmt.Sprintf("Plugin %q changed while Plumb was running", p.entry.called()),
		"Of it, %s. Results of the two must not mix: run the experiment again. If the plugin writes there itself, list what it reads: files = [...].", differences(before.Lines, now.Lines))
}

// unchanged looks at the files of a plugin that an interpreter reads.
func (p *provider) unchanged(ctx context.Context, process *process) error {
	if p.builtin || process.program.native {
		return nil
	}
	p.mu.Lock()
	before := p.identity
	p.mu.Unlock()
	now, err := p.entry.identify(ctx, process.program)
	if err != nil {
		return err
	}
	if err := p.sameAs(before, now); err != nil {
		process.end()
		return err
	}
	return nil
}

// accept holds what the plugin says of itself against its block, its lock, and what it
// said before.
func (p *provider) accept(description client.Description) error {
	if p.entry.Name != "" && description.Name != p.entry.Name {
		return diag.Errorf(p.entry.Range, fmt.Sprintf("The plugin of the block %q calls itself %q", p.entry.Name, description.Name),
			"Components are named by their plugins, so that block and plugin need one name: plugin %q { ... }.", description.Name)
	}
	p.mu.Lock()
	before := p.description
	p.mu.Unlock()
	since := "this run began"
	if p.entry.Lock != nil {
		before, since = &p.entry.Lock.Description, "it was locked"
	}
	if before == nil {
		return nil
	}
	if changes := describedOtherwise(*before, description); changes != "" {
		return diag.Errorf(p.entry.Range, fmt.Sprintf("Plugin %q does not describe itself as before", p.entry.called()),
			"Since %s, %s. If that was meant, lock it again: %s.", since, changes, p.lockCommand())
	}
	return nil
}

// describedOtherwise says what is different between two descriptions; empty if nothing
// is.
func describedOtherwise(before, now client.Description) string {
	changes := versionChanges(before.Environment, now.Environment)
	const few = 8
	if len(changes) > few {
		changes = append(changes[:few:few], fmt.Sprintf("%d more versions", len(changes)-few))
	}
	if !sameComponents(before.Components, now.Components) {
		changes = append(changes, "its components changed")
	}
	return strings.Join(changes, ", ")
}

// sameComponents compares descriptions as they are written, in whatever order.
func sameComponents(one, other []schema.Component) bool {
	a, errA := (&Locked{Description: client.Description{Components: one}}).components()
	b, errB := (&Locked{Description: client.Description{Components: other}}).components()
	slices.Sort(a)
	slices.Sort(b)
	return errA == nil && errB == nil && slices.Equal(a, b)
}

// is says what the plugin is, as far as results depend on it.
func (p *provider) is() (sha256 string, contents []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.identity == nil {
		return "", nil
	}
	return p.identity.SHA256, p.identity.Lines
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
