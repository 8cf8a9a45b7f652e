package client

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// EncodeImages encodes images and hands every vector to emit, in any order:
// [dimension], the same for all. Items are taken on another goroutine than
// emit's; both have ended when EncodeImages returns.
func (i *Instance) EncodeImages(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, vector []float32) error) error {
	asked, dimension := &ledger{}, length{what: "numbers"}
	err := exchange(ctx, i.client.options.Silence,
		pb.NewEncoderClient(i.client.connection).EncodeImages,
		func(send func(*pb.EncodeImagesRequest) error) error {
			start := &pb.EncodeImagesRequest{Body: &pb.EncodeImagesRequest_Instance{Instance: i.id}}
			return feedItems(asked, items, send, start, func(item *pb.Item) *pb.EncodeImagesRequest {
				return &pb.EncodeImagesRequest{Body: &pb.EncodeImagesRequest_Item{Item: item}}
			})
		},
		(*pb.EncodeImagesResponse).GetSignal,
		func(answer *pb.EncodeImagesResponse) error {
			position, vector, err := vectorOf(asked, &dimension, answer.GetVector())
			if err != nil {
				return err
			}
			return emit(position, vector)
		})
	if err == nil {
		err = asked.settle()
	}
	return i.explain(ctx, "EncodeImages", err)
}

// EncodeTexts encodes texts, [texts][dimension].
func (i *Instance) EncodeTexts(ctx context.Context, texts []string) ([][]float32, error) {
	asked, dimension := &ledger{}, length{what: "numbers"}
	for at := range texts {
		asked.ask(Asked{What: "text", ID: texts[at]})
	}
	vectors := make([][]float32, len(texts))
	err := receive(ctx, i.client.options.Silence,
		func(ctx context.Context) (grpc.ServerStreamingClient[pb.EncodeTextsResponse], error) {
			return pb.NewEncoderClient(i.client.connection).EncodeTexts(ctx, &pb.EncodeTextsRequest{Instance: i.id, Texts: texts})
		},
		(*pb.EncodeTextsResponse).GetSignal,
		func(answer *pb.EncodeTextsResponse) error {
			position, vector, err := vectorOf(asked, &dimension, answer.GetVector())
			if err != nil {
				return err
			}
			vectors[position] = vector
			return nil
		})
	if err == nil {
		err = asked.settle()
	}
	if err != nil {
		return nil, i.explain(ctx, "EncodeTexts", err)
	}
	return vectors, nil
}

// vectorOf checks one vector.
func vectorOf(asked *ledger, dimension *length, v *pb.Vector) (int, []float32, error) {
	if v == nil {
		return 0, nil, nothing()
	}
	position, about, err := asked.answer(v.GetPosition())
	if err != nil {
		return 0, nil, err
	}
	if err := dimension.check(len(v.GetValues()), about); err != nil {
		return 0, nil, err
	}
	for _, value := range v.GetValues() {
		if !finite(float64(value)) {
			return 0, nil, &NotFinite{Asked: about, What: "vector", Value: float64(value)}
		}
	}
	return position, v.GetValues(), nil
}
