// Package client is the host's side of the wire: it calls a plugin over an
// open gRPC connection and checks what comes back.
//
// It holds every answer against the contract, whatever language the plugin is
// written in: no answer may be missing, doubled, out of range, or not a finite
// number. It knows nothing of processes; package core/plugin starts them, and
// package plugintest does without.
package client

import (
	"context"
	"encoding/json"
	"time"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

const (
	// adminTimeout bounds Describe, Close and Stop.
	adminTimeout = 30 * time.Second
	// openTimeout bounds Open, heartbeats or not.
	openTimeout = 30 * time.Minute
	// openPatience is how many times longer than usual Open may be silent:
	// reading weights can keep a process from all else.
	openPatience = 5
)

// DefaultSilence is how long a call may go without a sign of life.
const DefaultSilence = 60 * time.Second

// DialOptions are the gRPC connection's limits that a host needs.
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithDefaultCallOptions(
		grpc.MaxCallRecvMsgSize(sdk.MaxMessageBytes),
		grpc.MaxCallSendMsgSize(sdk.MaxMessageBytes),
	)}
}

// Client calls one plugin.
type Client struct {
	connection grpc.ClientConnInterface
	silence    time.Duration
}

// New makes a client of a connection. A call that gives no sign of life for
// the time of silence fails with a Silence; 0 means DefaultSilence.
func New(connection grpc.ClientConnInterface, silence time.Duration) *Client {
	if silence <= 0 {
		silence = DefaultSilence
	}
	return &Client{connection: connection, silence: silence}
}

// Description is what a plugin says of itself.
type Description struct {
	Name, Version string
	Components    []sdk.Description
}

// Describe asks the plugin what it provides. A mistaken description is a
// *Failure.
func (c *Client) Describe(ctx context.Context) (Description, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	r, err := pb.NewPluginClient(c.connection).Describe(ctx, &pb.DescribeRequest{})
	if err != nil {
		return Description{}, transport(ctx, err)
	}
	if err := failure(r.GetDiagnostics()); err != nil {
		return Description{}, err
	}
	return descriptionFromProto(r)
}

// OpenRequest says what instance to make.
type OpenRequest struct {
	Kind       string          // "sampler", "reward", "rater", "encoder"
	Component  string          // as the plugin calls it
	Config     json.RawMessage // canonical JSON, defaults filled in
	Checkpoint string          // a directory that Fit or Tune wrote; empty: the component's own weights
	Seed       uint64
	Backend    string // "auto", "go", "xla:cpu", "xla:cuda"
	// Uses says by kind what the component needs beside it.
	Uses map[string]OpenRequest
}

// Open makes an instance.
func (c *Client) Open(ctx context.Context, r OpenRequest) (*Instance, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	in := &Instance{client: c}
	err := receive(ctx, openPatience*c.silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.OpenResponse], error) {
			return pb.NewPluginClient(c.connection).Open(ctx, openRequestToProto(r))
		},
		(*pb.OpenResponse).GetSignal,
		func(answer *pb.OpenResponse) error {
			in.id, in.facts = answer.GetInstance(), answer.GetFacts()
			return nil
		})
	if err != nil {
		return nil, err
	}
	if in.id == "" {
		return nil, &Violation{Summary: "opened no instance"}
	}
	return in, nil
}

// Stop asks the plugin to end its calls and close its instances.
func (c *Client) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	r, err := pb.NewPluginClient(c.connection).Stop(ctx, &pb.StopRequest{})
	if err != nil {
		return transport(ctx, err)
	}
	return failure(r.GetDiagnostics())
}

// Instance is an opened component. Its methods may be called from several
// goroutines; the plugin does one call after the other.
type Instance struct {
	client *Client
	id     string
	facts  map[string]float64
}

// Facts are the instance's numbers about itself; nil if it has none.
func (i *Instance) Facts() map[string]float64 { return i.facts }

// Close frees the instance. Later calls are refused.
func (i *Instance) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	r, err := pb.NewPluginClient(i.client.connection).Close(ctx, &pb.CloseRequest{Instance: i.id})
	if err != nil {
		return transport(ctx, err)
	}
	return failure(r.GetDiagnostics())
}

// Item is a prompt with an image made for it, as a PNG file.
type Item struct {
	ID     string // unique among the items of a call
	Prompt sdk.Prompt
	PNG    []byte
}

// Pair is two images made for the same prompt, as PNG files.
type Pair struct {
	ID            string
	Prompt        sdk.Prompt
	First, Second []byte
}
