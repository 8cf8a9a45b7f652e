package plugin

import (
	"context"
	"errors"
	"os"
	"os/exec"
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
	// startTimeout is how long a process may take to say that it is a plugin.
	// A Python plugin imports its libraries in this time.
	startTimeout = 60 * time.Second
	// stopTimeout is how long Stop waits for a plugin's instances to close.
	stopTimeout = 10 * time.Second
	// exitPatience is how long a process may take to end by itself.
	exitPatience = 3 * time.Second
)

// process is a running plugin.
type process struct {
	host     *Host
	origin   Origin
	launched *goplugin.Client
	client   *client.Client
	cleared  sync.Once

	mu        sync.Mutex
	abandoned bool   // nobody waits for its start any more
	child     *child // nil until it is launched
}

// startProcess launches a binary and shakes hands with it.
func startProcess(ctx context.Context, p *provider, path string) (*process, error) {
	started := &process{host: p.host, origin: p.origin()}
	last := &tail{to: p.host.options.Logs, prefix: "[" + p.entry.Name + "] "}
	below, err := p.host.socketsDir()
	if err != nil {
		return nil, err
	}
	security, certificate, err := mutualTLS()
	if err != nil {
		return nil, err
	}
	started.launched = goplugin.NewClient(&goplugin.ClientConfig{
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: below},
		HandshakeConfig:  sdk.Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{sdk.ProtocolVersion: {sdk.ServiceName: connection{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		TLSConfig:        security,
		GRPCDialOptions:  client.DialOptions(),
		StartTimeout:     startTimeout,
		Logger:           hclog.NewNullLogger(),
		RunnerFunc: func(_ hclog.Logger, template *exec.Cmd, sockets string) (goplugin_runner.Runner, error) {
			environment := append(template.Env, certificateVariable+"="+certificate)
			r, err := newChild(path, p.entry.Args, environment, p.entry.SHA256, sockets, last)
			if err != nil {
				return nil, err
			}
			started.mu.Lock()
			defer started.mu.Unlock()
			started.child = r
			return &launch{child: r, process: started}, nil
		},
	})
	conn, err := started.connect(ctx)
	if err != nil {
		defer started.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, started.whyNotStarted(p.entry, path, err)
	}
	started.client = client.New(conn, client.Options{Silence: p.host.options.HeartbeatTimeout, Explain: started.explain})
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
			os.RemoveAll(p.child.sockets)
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
