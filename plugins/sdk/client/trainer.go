package client

import (
	"context"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Fit trains the reward, rater or encoder.
func (i *Instance) Fit(ctx context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	err := receive(ctx, i.client.options.Silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.FitResponse], error) {
			return pb.NewTrainerClient(i.client.connection).Fit(ctx, fitRequestToProto(i.id, r))
		},
		(*pb.FitResponse).GetSignal,
		func(answer *pb.FitResponse) error { return reported(answer.GetProgress(), report) })
	return i.explain(ctx, "Fit", err)
}

// Prepare turns a table of images into what the sampler's Tune reads.
func (i *Instance) Prepare(ctx context.Context, r sdk.PrepareRequest, report func(sdk.Progress) error) error {
	err := receive(ctx, i.client.options.Silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.PrepareResponse], error) {
			return pb.NewTrainerClient(i.client.connection).Prepare(ctx, prepareRequestToProto(i.id, r))
		},
		(*pb.PrepareResponse).GetSignal,
		func(answer *pb.PrepareResponse) error { return reported(answer.GetProgress(), report) })
	return i.explain(ctx, "Prepare", err)
}

// reported hands one report of a long call on.
func reported(p *pb.Progress, report func(sdk.Progress) error) error {
	if p == nil {
		return nothing()
	}
	return report(progressFromProto(p))
}
