package sdk

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
	"github.com/plumb-ml/plumb/plugins/sdk/wire"
)

// ProtocolVersion is the version of the contract that this SDK speaks: the
// package plumb.plugin.v1 of the protocol buffers.
const ProtocolVersion = 1

// MaxMessageBytes bounds a message in both directions. Images go one per
// message, so this is far above what any of them needs.
const MaxMessageBytes = 256 << 20

// ServiceName is what the host asks a plugin's process for.
const ServiceName = "plumb"

// Handshake returns what host and plugin show each other before they speak:
// not a secret, only a sign that a binary is a plugin and was started by a host.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{
		ProtocolVersion:  ProtocolVersion,
		MagicCookieKey:   "PLUMB_PLUGIN",
		MagicCookieValue: "a plumb line is the oldest alignment tool",
	}
}

// Serve serves a plugin to the host that started this process, until the host
// asks it to stop or goes away. It is the whole of a plugin's main function
// and does not return. Started by hand, it says what the binary is for and
// exits with status 1.
//
// What the plugin prints on standard output or standard error goes into the
// host's log.
func Serve(p Plugin) {
	handshake := Handshake()
	if os.Getenv(handshake.MagicCookieKey) != handshake.MagicCookieValue {
		fmt.Fprint(os.Stderr, startedByHand(p, os.Args[0]))
		os.Exit(1)
	}
	go exitWithHost(os.Stdin)

	stdio := &stdio{stderr: os.Stderr}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: map[int]goplugin.PluginSet{ProtocolVersion: {ServiceName: &served{plugin: p}}},
		Logger:           hclog.New(&hclog.LoggerOptions{Name: p.Name, Level: hclog.Error, Output: os.Stderr}),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			options = append(options, grpc.ChainStreamInterceptor(stdio.stream), grpc.ChainUnaryInterceptor(stdio.unary))
			return grpc.NewServer(append(options, ServerOptions()...)...)
		},
	})
	os.Exit(1) // it could not begin to serve, and has said why
}

// ServerOptions are what a plugin's gRPC server needs: limits, and a fast way for
// images. Serve uses them; a test that serves a plugin by itself does, too.
func ServerOptions() []grpc.ServerOption {
	return append(wire.ServerOptions(), grpc.MaxRecvMsgSize(MaxMessageBytes), grpc.MaxSendMsgSize(MaxMessageBytes))
}

// Register puts a plugin's services on a gRPC server. Plugins call Serve
// instead; this is for tests that need no process.
func Register(server grpc.ServiceRegistrar, p Plugin) {
	open := newInstances(p)
	pb.RegisterPluginServer(server, &pluginServer{instances: open})
	pb.RegisterSamplerServer(server, &samplerServer{instances: open})
	pb.RegisterRewardServer(server, &rewardServer{instances: open})
	pb.RegisterRaterServer(server, &raterServer{instances: open})
	pb.RegisterEncoderServer(server, &encoderServer{instances: open})
	pb.RegisterTrainerServer(server, &trainerServer{instances: open})
}

// served hands a plugin to go-plugin.
type served struct {
	goplugin.NetRPCUnsupportedPlugin
	plugin Plugin
}

var _ goplugin.GRPCPlugin = (*served)(nil)

func (s *served) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	Register(server, s.plugin)
	return nil
}

func (s *served) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, fmt.Errorf("a plugin has no client")
}

// startedByHand is for whoever runs the binary to see what it does.
func startedByHand(p Plugin, program string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s is the Plumb plugin %q, version %s. Plumb starts it by itself; name it in an experiment:\n\n", filepath.Base(program), p.Name, p.Version)
	fmt.Fprintf(&out, "  plugin %q {\n    source = %q\n  }\n\nIt provides:\n", p.Name, program)
	for _, c := range p.Components {
		fmt.Fprintf(&out, "  %s %q  %s\n", c.Kind, c.Name, c.Summary)
	}
	return out.String()
}

// exitWithHost ends the process when the host does. The host holds the other
// end of standard input and never writes: whatever way it goes, even killed,
// the operating system closes the pipe.
func exitWithHost(stdin io.Reader) {
	io.Copy(io.Discard, stdin)
	if directory := os.Getenv("PLUGIN_UNIX_SOCKET_DIR"); directory != "" {
		removeSockets(directory)
	}
	os.Exit(0)
}

// removeSockets removes the socket that this process listens on, and the
// directory that the host made for it, which a killed host cannot do.
func removeSockets(directory string) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return // gone already
	}
	for _, entry := range entries {
		if entry.Type()&os.ModeSocket != 0 {
			os.Remove(filepath.Join(directory, entry.Name()))
		}
	}
	os.Remove(directory) // fails if something else is in it, as it should
}

// stdio gives the plugin its standard error back. go-plugin sends os.Stdout
// and os.Stderr through the connection, where the last words before a crash
// get lost; straight to the real standard error, which the host reads, they
// do not. Standard output goes there too: it belongs to the handshake.
type stdio struct {
	stderr *os.File
	once   sync.Once
}

func (s *stdio) restore() {
	s.once.Do(func() { os.Stdout, os.Stderr = s.stderr, s.stderr })
}

func (s *stdio) stream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	s.restore()
	return handler(server, stream)
}

func (s *stdio) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	s.restore()
	return handler(ctx, request)
}
