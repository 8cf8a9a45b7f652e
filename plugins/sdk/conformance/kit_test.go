package conformance

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

// serve serves a plugin in memory until the test ends.
func serve(t testing.TB, p sdk.Plugin, options ...grpc.ServerOption) *client.Client {
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
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return client.New(connection, client.Options{})
}

// described is the component that a case is about.
func described(p sdk.Plugin, one Case) sdk.Description {
	for _, component := range p.Components {
		if component.Kind == one.Kind && component.Name == one.Component {
			return component.Description
		}
	}
	return sdk.Description{}
}

// Run makes all checks of a plugin, of the components of which there is no case with
// their defaults.
func Run(t *testing.T, p sdk.Plugin, cases ...Case) {
	t.Helper()
	c := serve(t, p)
	if len(cases) == 0 {
		for _, component := range p.Components {
			cases = append(cases, Case{Kind: component.Kind, Component: component.Name})
		}
	}
	for _, one := range cases {
		for _, check := range Checks(described(p, one), one) {
			t.Run(one.Component+"/"+check.Name, func(t *testing.T) {
				if _, err := check.Run(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
