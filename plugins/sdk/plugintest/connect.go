package plugintest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Connect serves a plugin and returns a connection to it, in memory: the real
// wire without a process. Both end with the test. Options may put interceptors
// on the server, such as ones that spoil its answers.
func Connect(t testing.TB, p sdk.Plugin, options ...grpc.ServerOption) grpc.ClientConnInterface {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(append(sdk.ServerOptions(), options...)...)
	sdk.Register(server, p)
	go server.Serve(listener)
	t.Cleanup(server.Stop)

	connection, err := grpc.NewClient("passthrough:///plugin", append(client.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)...)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}
