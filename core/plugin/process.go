package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	goplugin_runner "github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

const (
	// stopTimeout is how long Stop waits for a plugin's instances to close.
	stopTimeout = 10 * time.Second
	// neverStarts keeps go-plugin's own clock out of the way: it counts time in which
	// this process was stopped.
	neverStarts = 30 * 24 * time.Hour
	// exitPatience is how long a process may take to end by itself.
	exitPatience = 3 * time.Second
)

// process is a running plugin.
type process struct {
	host     *Host
	origin   Origin
	entry    Entry
	program  program
	shown    string        // what messages call its program
	patience time.Duration // for a sign of life, from the start on
	fetch    string        // what fetches the packages of a script that may not download any; empty: it may
	launched *goplugin.Client
	client   *client.Client
	cleared  sync.Once

	mu        sync.Mutex
	abandoned bool   // nobody waits for its start any more
	child     *child // nil until it is launched
	silent    string // who gave no sign of life, so that it was killed; empty: nobody
}

// startProcess launches a program and shakes hands with it. The file is as in
// newChild.
func startProcess(ctx context.Context, p *provider, of program, file *os.File) (*process, error) {
	started := &process{host: p.host, origin: p.origin(), entry: p.entry, shown: of.shown, patience: p.silence()}
	if slices.Contains(of.argv, offline) {
		started.fetch = p.lockCommand()
	}
	last := &tail{to: p.host.logs, plugin: p.entry.called()}
	below, err := p.host.socketsDir()
	if err != nil {
		return nil, err
	}
	started.launched = goplugin.NewClient(&goplugin.ClientConfig{
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: below},
		HandshakeConfig:  sdk.Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{sdk.ProtocolVersion: {sdk.ServiceName: connection{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         overPorts,
		GRPCDialOptions:  client.DialOptions(),
		StartTimeout:     neverStarts,
		SkipHostEnv:      true,
		Logger:           hclog.NewNullLogger(),
		RunnerFunc: func(_ hclog.Logger, template *exec.Cmd, sockets string) (goplugin_runner.Runner, error) {
			if err := closeToOthers(sockets); err != nil {
				return nil, err
			}
			environment := append(template.Env, treeVariable+"="+sockets)
			own := []string{sockets}
			c := (*child)(nil)
			if p.builtin {
				c = newChild(of, file, append(withoutHosts(os.Environ()), environment...), own, sockets, last)
			} else {
				work, err := os.MkdirTemp(below, "work")
				if err != nil {
					return nil, fmt.Errorf("make a working directory: %w", err)
				}
				environment = slices.Concat(passedOn(os.Environ(), p.entry.Environment), of.environment, environment)
				c = newChild(of, file, environment, append(own, work), sockets, last)
				c.command.Dir, c.work = work, real(work)
			}
			started.mu.Lock()
			defer started.mu.Unlock()
			started.child = c
			return &launch{child: c, process: started}, nil
		},
	})
	bounded, cancel := client.Within(ctx, started.patience)
	defer cancel()
	conn, err := started.connect(bounded)
	if err != nil {
		defer started.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, started.whyNotStarted(err, bounded.Err() != nil)
	}
	started.client = client.New(conn, client.Options{Silence: started.patience, Patience: p.patience(), Explain: started.explain})
	return started, nil
}

// connect starts the process and returns its connection. go-plugin takes no
// context; killing the process is what ends its waiting.
func (p *process) connect(ctx context.Context) (*grpc.ClientConn, error) {
	stopWatching := context.AfterFunc(ctx, p.abandon)
	defer stopWatching()
	protocol, err := p.launched.Client()
	if err != nil {
		return nil, err
	}
	service, err := protocol.Dispense(sdk.ServiceName)
	if err != nil {
		return nil, err
	}
	if !stopWatching() {
		return nil, ctx.Err() // abandoned at the last moment
	}
	return service.(*grpc.ClientConn), nil
}

// abandon ends a process whose start nobody waits for any more.
func (p *process) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.abandoned = true
	if p.child != nil {
		p.child.kill()
	}
}

// launch is a child that its host knows of from the moment it runs.
type launch struct {
	*child
	process *process
}

func (l *launch) Start(ctx context.Context) error {
	l.process.mu.Lock()
	defer l.process.mu.Unlock()
	if l.process.abandoned {
		return context.Canceled
	}
	return l.process.host.enlist(l.child, func() error { return l.child.Start(ctx) })
}

// stop asks the plugin to close its instances and go, and kills it if it does
// not. It returns what the plugin said to that.
func (p *process) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	p.child.remember()
	err := p.client.Stop(ctx)
	p.child.stdin.Close() // the plugin takes this for the end of its host
	p.child.wait(exitPatience)
	p.end()
	return err
}

// kill ends the process at once and waits until it is gone.
func (p *process) kill() {
	p.child.kill()
	p.child.wait(killPatience)
}

// end kills the process if it still runs, and clears away what is left of it.
func (p *process) end() {
	p.cleared.Do(func() {
		if p.child == nil {
			return
		}
		p.host.dismiss(p.child)
		if !p.child.started() {
			p.child.removeOwn()
			return
		}
		p.child.kill()
		if p.child.wait(killPatience) {
			p.launched.Kill() // go-plugin's goroutines and connection
		}
	})
}

// connection has go-plugin hand out the connection itself.
type connection struct {
	goplugin.NetRPCUnsupportedPlugin
}

var _ goplugin.GRPCPlugin = connection{}

func (connection) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a host serves nothing")
}

func (connection) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
