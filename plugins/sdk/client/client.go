// Package client is the host's side of the wire: it calls a plugin over an
// open gRPC connection and checks what comes back.
//
// It holds every answer against the contract, whatever language the plugin is
// written in: no answer may be missing, doubled, out of range, or not a finite
// number. It knows nothing of processes; package core/plugin starts them, and
// package conformance does without.
package client

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
	"github.com/plumb-ml/plumb/plugins/sdk/wire"
)

const (
	// adminTimeout bounds Describe, Close and Stop.
	adminTimeout = 30 * time.Second
	// openTimeout bounds Open, heartbeats or not.
	openTimeout = 30 * time.Minute
)

// DefaultSilence is how long a call may go without a sign of life.
const DefaultSilence = 60 * time.Second

// maxAnswerBytes bounds a message of a plugin that is no image: what is larger is
// refused before it is in memory.
const maxAnswerBytes = 16 << 20

// DialOptions are what a host's gRPC connection needs: limits, and a fast way for
// images.
func DialOptions() []grpc.DialOption {
	return append(wire.DialOptions(), grpc.WithDefaultCallOptions(
		grpc.MaxCallRecvMsgSize(maxAnswerBytes),
		grpc.MaxCallSendMsgSize(sdk.MaxMessageBytes),
	))
}

// Client calls one plugin.
type Client struct {
	connection grpc.ClientConnInterface
	options    Options
	pixels     wire.Pixels // of images on their way
}

// Options are a client's settings.
type Options struct {
	// Silence is how long a call may go without a sign of life before it fails
	// with a *Silence; 0 means DefaultSilence.
	Silence time.Duration
	// Explain turns the error of a call into what the caller gets, such as
	// diagnostics; nil leaves it as it is. It gets the caller's context. It also
	// sees the caller's own errors and those of ctx, and should let them pass.
	Explain func(ctx context.Context, call Call, err error) error
}

// Call is which call an error comes from.
type Call struct {
	Kind, Name string // of the instance, as its OpenRequest names it; empty: the plugin as a whole
	Method     string // such as "Score"
}

// New makes a client of a connection.
func New(connection grpc.ClientConnInterface, o Options) *Client {
	if o.Silence <= 0 {
		o.Silence = DefaultSilence
	}
	return &Client{connection: connection, options: o}
}

func (c *Client) explain(ctx context.Context, call Call, err error) error {
	if err == nil || c.options.Explain == nil {
		return err
	}
	return c.options.Explain(ctx, call, err)
}

// Description is what a plugin says of itself.
type Description struct {
	Name, Version string
	Components    []sdk.Description
	// Environment lists what the answers depend on beside the plugin's own code, such
	// as {"python": "3.11.2", "torch": "2.15.0"}.
	Environment map[string]string
}

// Describe asks the plugin what it provides. A mistaken description is a
// *Failure.
func (c *Client) Describe(ctx context.Context) (Description, error) {
	bounded, cancel := Within(ctx, min(adminTimeout, c.options.Silence))
	defer cancel()
	r, err := pb.NewPluginClient(c.connection).Describe(bounded, &pb.DescribeRequest{})
	if err != nil {
		err = transport(bounded, err)
	} else {
		err = failure(r.GetDiagnostics())
	}
	var out Description
	if err == nil {
		out, err = descriptionFromProto(r)
	}
	return out, c.explain(ctx, Call{Method: "Describe"}, err)
}

// OpenRequest says what instance to make, and of which component.
type OpenRequest struct {
	Kind      string // "sampler", "reward", "rater", "encoder"
	Component string // as the plugin calls it
	Name      string // as the experiment calls it, for messages; empty: Component

	// Described is what the component says of itself: the size that it wants images in,
	// how many at once, the parts that each of its scores must have.
	Described sdk.Description

	sdk.OpenRequest // what the component gets
}

// Open makes an instance.
func (c *Client) Open(ctx context.Context, r OpenRequest) (*Instance, error) {
	bounded, cancel := Within(ctx, openTimeout)
	defer cancel()
	in := &Instance{client: c, kind: r.Kind, name: cmp.Or(r.Name, r.Component), described: r.Described}
	opening := &opening{to: bounded}
	defer opening.end()
	err := receive(WithBusy(bounded, opening.busy), c.options.Silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.OpenResponse], error) {
			return pb.NewPluginClient(c.connection).Open(ctx, openRequestToProto(r))
		},
		(*pb.OpenResponse).GetSignal,
		func(answer *pb.OpenResponse) error {
			if answer.GetProgress() != nil {
				opening.progress(progressFromProto(answer.GetProgress()))
				return nil
			}
			if in.id != "" {
				return violation("opens two instances for one request")
			}
			for _, name := range slices.Sorted(maps.Keys(answer.GetFacts())) {
				if value := answer.GetFacts()[name]; !finite(value) {
					return violation("says of itself that %q is %v, which is no number", name, value)
				}
			}
			in.id, in.facts = answer.GetInstance(), answer.GetFacts()
			return nil
		})
	if err == nil && in.id == "" {
		err = violation("opens no instance")
	}
	if err != nil {
		return nil, in.explain(ctx, "Open", err)
	}
	return in, nil
}

// Stop asks the plugin to end its calls and close its instances. Its errors are
// not explained: whoever stops a plugin knows why it does not answer.
func (c *Client) Stop(ctx context.Context) error {
	ctx, cancel := Within(ctx, adminTimeout)
	defer cancel()
	r, err := pb.NewPluginClient(c.connection).Stop(ctx, &pb.StopRequest{})
	if err != nil {
		return transport(ctx, err)
	}
	return failure(r.GetDiagnostics())
}

// Instance is an opened component.
//
// All its calls hold to the same rules. Answers come in any order and only
// once; a call that returns nil has given them all, and every one of them
// keeps the contract. Answers are emitted on the caller's goroutine, items are
// taken on another; both have ended when the call returns. An error of the
// caller's own functions ends the call and comes back as it is. When ctx ends,
// the call does, and the instance stays usable. Methods may be called from
// several goroutines; the plugin does one call after the other.
//
// Errors of the plugin are a Breach, a *Failure, a *Silence or a *Transport,
// or what Options.Explain makes of them.
type Instance struct {
	client     *Client
	kind, name string
	id         string
	facts      map[string]float64
	described  sdk.Description
}

func (i *Instance) explain(ctx context.Context, method string, err error) error {
	return i.client.explain(ctx, Call{Kind: i.kind, Name: i.name, Method: method}, err)
}

// Facts are the instance's numbers about itself, which a report prints beside
// what it measured; nil if it has none.
func (i *Instance) Facts() map[string]float64 { return i.facts }

// Close frees the instance. Later calls are refused.
func (i *Instance) Close(ctx context.Context) error {
	bounded, cancel := Within(ctx, min(adminTimeout, i.client.options.Silence))
	defer cancel()
	r, err := pb.NewPluginClient(i.client.connection).Close(bounded, &pb.CloseRequest{Instance: i.id})
	if err != nil {
		err = transport(bounded, err)
	} else {
		err = failure(r.GetDiagnostics())
	}
	return i.explain(ctx, "Close", err)
}

// Draw is an image to draw. Prompt and Seed alone decide what it looks like.
type Draw struct {
	ID     string // for messages, unique among the draws of a call
	Prompt sdk.Prompt
	Seed   uint64
}

// Item is a prompt with an image made for it, as far as the component reads it. What it
// holds must not change before the call ends.
type Item struct {
	ID          string // unique among the items of a call
	Prompt      sdk.Prompt
	PNG         []byte    // the image as a PNG file, of which the pixels are sent; nil: Pixels
	Pixels      sdk.Image // the image's pixels; none: not read
	ImageVector []float32 // of the encoder under a reward; nil: not read
	TextVector  []float32 // of the prompt; nil: not read
}

// Pair is two images made for the same prompt, as PNG files, of which the pixels are
// sent.
type Pair struct {
	ID            string
	Prompt        sdk.Prompt
	First, Second []byte
}
