package client

import (
	"context"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Fit trains the reward, rater or encoder.
func (i *Instance) Fit(ctx context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	err := receive(ctx, i.client.options.training(),
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.FitResponse], error) {
			return pb.NewTrainerClient(i.client.connection).Fit(ctx, fitRequestToProto(i.id, r))
		},
		(*pb.FitResponse).GetSignal,
		func(answer *pb.FitResponse) error { return reported(answer.GetProgress(), report) })
	return i.explain(ctx, "Fit", err)
}

// FitTexts lists the texts whose features a Fit would read beside those of the
// images' prompts. The request has no features and no output yet.
func (i *Instance) FitTexts(ctx context.Context, r sdk.FitRequest) ([]string, error) {
	var texts []string
	listed := map[string]bool{}
	err := receive(ctx, i.client.options.training(),
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.FitTextsResponse], error) {
			return pb.NewTrainerClient(i.client.connection).FitTexts(ctx, fitRequestToProto(i.id, r))
		},
		(*pb.FitTextsResponse).GetSignal,
		func(answer *pb.FitTextsResponse) error {
			if answer.GetTexts() == nil {
				return nothing()
			}
			for _, text := range answer.GetTexts().GetTexts() {
				if listed[text] {
					return &Doubled{Asked{What: "text", ID: text}}
				}
				listed[text] = true
				texts = append(texts, text)
			}
			return nil
		})
	if err != nil {
		return nil, i.explain(ctx, "FitTexts", err)
	}
	return texts, nil
}

// Precompute turns a table of images into what the sampler's Tune reads.
func (i *Instance) Precompute(ctx context.Context, r sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
	err := receive(ctx, i.client.options.training(),
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.PrecomputeResponse], error) {
			return pb.NewTrainerClient(i.client.connection).Precompute(ctx, precomputeRequestToProto(i.id, r))
		},
		(*pb.PrecomputeResponse).GetSignal,
		func(answer *pb.PrecomputeResponse) error { return reported(answer.GetProgress(), report) })
	return i.explain(ctx, "Precompute", err)
}

// reported hands one report of a long call on.
func reported(p *pb.Progress, report func(sdk.Progress) error) error {
	if p == nil {
		return nothing()
	}
	return report(progressFromProto(p))
}
