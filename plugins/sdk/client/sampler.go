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
func (i *Instance) Sample(ctx context.Context, draws []Draw, emit func(position int, image sdk.Image) error) error {
	for start := 0; start < len(draws); start += drawsPerCall {
		part := draws[start:min(start+drawsPerCall, len(draws))]
		err := i.sample(ctx, part, func(position int, image sdk.Image) error { return emit(start+position, image) })
		if err != nil {
			return i.explain(ctx, "Sample", err)
		}
	}
	return nil
}

func (i *Instance) sample(ctx context.Context, draws []Draw, emit func(position int, image sdk.Image) error) error {
	asked := &ledger{}
	for _, draw := range draws {
		asked.ask(Asked{What: "image", ID: draw.ID, Prompt: draw.Prompt.Text})
	}
	err := receive(ctx, i.client.options.answering(),
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.SampleResponse], error) {
			return pb.NewSamplerClient(i.client.connection).Sample(ctx, &pb.SampleRequest{Instance: i.id, Draws: drawsToProto(draws)}, grpc.MaxCallRecvMsgSize(sdk.MaxMessageBytes))
		},
		(*pb.SampleResponse).GetSignal,
		func(answer *pb.SampleResponse) error {
			given := answer.GetImage()
			if given == nil {
				return nothing()
			}
			position, about, err := asked.answer(given.GetPosition())
			if err != nil {
				return err
			}
			image, err := imageFromProto(given.GetImage())
			if err != nil {
				return &Malformed{about, err}
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
	err := receive(ctx, i.client.options.training(),
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.TuneResponse], error) {
			return pb.NewSamplerClient(i.client.connection).Tune(ctx, tuneRequestToProto(i.id, r))
		},
		(*pb.TuneResponse).GetSignal,
		func(answer *pb.TuneResponse) error { return reported(answer.GetProgress(), report) })
	return i.explain(ctx, "Tune", err)
}
