package client

import (
	"context"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// drawsPerCall bounds the request's size, which is one message.
const drawsPerCall = 1 << 14

// Sample draws one image for each draw and hands it to emit, in any order.
// An error of emit ends the call and is returned as it is.
func (i *Instance) Sample(ctx context.Context, draws []sdk.Draw, emit func(position int, image sdk.Image) error) error {
	for start := 0; start < len(draws); start += drawsPerCall {
		part := draws[start:min(start+drawsPerCall, len(draws))]
		err := i.sample(ctx, part, func(position int, image sdk.Image) error { return emit(start+position, image) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (i *Instance) sample(ctx context.Context, draws []sdk.Draw, emit func(position int, image sdk.Image) error) error {
	asked := newLedger()
	for _, draw := range draws {
		asked.ask(draw.Prompt.Text)
	}
	err := receive(ctx, i.client.silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.SampleResponse], error) {
			return pb.NewSamplerClient(i.client.connection).Sample(ctx, &pb.SampleRequest{Instance: i.id, Draws: drawsToProto(draws)})
		},
		(*pb.SampleResponse).GetSignal,
		func(answer *pb.SampleResponse) error {
			position, name, err := asked.answer(answer.GetImage().GetPosition())
			if err != nil {
				return err
			}
			image, err := imageFromProto(answer.GetImage().GetImage())
			if err != nil {
				return violation("drew a broken image for %q: %v", name, err)
			}
			return emit(position, image)
		})
	if err != nil {
		return err
	}
	return asked.settle()
}

// Tune fine-tunes the sampler.
func (i *Instance) Tune(ctx context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	return receive(ctx, i.client.silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.TuneResponse], error) {
			return pb.NewSamplerClient(i.client.connection).Tune(ctx, tuneRequestToProto(i.id, r))
		},
		(*pb.TuneResponse).GetSignal,
		func(answer *pb.TuneResponse) error { return report(progressFromProto(answer.GetProgress())) })
}
