package client

import (
	"context"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Fit trains the reward, rater or encoder.
func (i *Instance) Fit(ctx context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	return receive(ctx, i.client.silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.FitResponse], error) {
			return pb.NewTrainerClient(i.client.connection).Fit(ctx, fitRequestToProto(i.id, r))
		},
		(*pb.FitResponse).GetSignal,
		func(answer *pb.FitResponse) error { return report(progressFromProto(answer.GetProgress())) })
}
