package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// The methods that a component of a kind has, and those that go with a capability.
var (
	methodOfKind = map[schema.Kind]string{
		schema.Sampler: pb.Sampler_Sample_FullMethodName,
		schema.Reward:  pb.Reward_Score_FullMethodName,
		schema.Rater:   pb.Rater_Rate_FullMethodName,
		schema.Encoder: pb.Encoder_EncodeImages_FullMethodName,
	}
	methodOfCapability = map[schema.Capability]string{
		schema.Tune:         pb.Sampler_Tune_FullMethodName,
		schema.Precompute:   pb.Trainer_Precompute_FullMethodName,
		schema.Fit:          pb.Trainer_Fit_FullMethodName,
		schema.FitTexts:     pb.Trainer_FitTexts_FullMethodName,
		schema.Compare:      pb.Rater_Compare_FullMethodName,
		schema.Texts:        pb.Encoder_EncodeTexts_FullMethodName,
		schema.CheckPrompts: pb.Plugin_CheckPrompts_FullMethodName,
	}
)

// probePatience is how long a method may take to say that it is there.
const probePatience = 5 * time.Second

// Probe asks whether the methods are there that a plugin's description promises: a
// plugin that lacks one would fail after hours of other stages. It calls each on an
// instance that is not open, which is refused. What is missing is a *Failure.
func (c *Client) Probe(ctx context.Context, of Description) error {
	type promise struct{ method, why string }
	var promised []promise
	add := func(method, why string) {
		if method != "" && !slices.ContainsFunc(promised, func(p promise) bool { return p.method == method }) {
			promised = append(promised, promise{method, why})
		}
	}
	for _, component := range of.Components {
		add(methodOfKind[component.Kind], fmt.Sprintf("%s %q", component.Kind, component.Name))
		for _, capability := range component.Capabilities {
			add(methodOfCapability[capability], fmt.Sprintf("%s %q with the capability %q", component.Kind, component.Name, capability))
		}
	}
	var missing sdk.Diagnostics
	for _, one := range promised {
		there, err := c.has(ctx, one.method)
		if err != nil {
			return c.explain(ctx, Call{Method: "Describe"}, err)
		}
		if !there {
			missing.Addf(fmt.Sprintf("Plugin %q lists %s, and has no method %s", of.Name, one.why, one.method), "The plugin's description promises what its code does not have: correct the one or the other.")
		}
	}
	if len(missing) > 0 {
		return c.explain(ctx, Call{Method: "Describe"}, &Failure{Diagnostics: missing})
	}
	return nil
}

// has reports whether a method is there. One that does not answer in time is.
func (c *Client) has(ctx context.Context, method string) (bool, error) {
	bounded, cancel := Within(ctx, min(probePatience, c.options.Silence))
	defer cancel()
	answer := func() error {
		stream, err := c.connection.NewStream(bounded, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
		if err != nil {
			return err
		}
		if err := stream.SendMsg(&pb.DescribeRequest{}); err != nil { // an empty message of any method
			return err
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		return stream.RecvMsg(&pb.DescribeRequest{})
	}
	err := answer()
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case bounded.Err() != nil || err == nil:
		return true, nil
	case status.Code(err) == codes.Unimplemented:
		return false, nil
	}
	return true, nil // whatever else comes of it is told when the method is needed
}
