package client

import (
	"context"
	"iter"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// EncodeImages encodes images and hands every vector to emit, in any order:
// [dimension], the same for all. Items are taken on another goroutine than
// emit's; both have ended when EncodeImages returns.
func (i *Instance) EncodeImages(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, vector []float32) error) error {
	asked, dimension := &ledger{}, length{what: "numbers"}
	err := exchange(ctx, i.client,
		pb.NewEncoderClient(i.client.connection).EncodeImages,
		func(send sender[pb.EncodeImagesRequest]) error {
			start := &pb.EncodeImagesRequest{Body: &pb.EncodeImagesRequest_Instance{Instance: i.id}}
			return feedItems(i, asked, items, send, start, func(item *pb.Item) *pb.EncodeImagesRequest {
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

// EncodeTexts encodes texts and hands every vector to emit, in any order:
// [dimension], the same for all. Texts are taken on another goroutine than
// emit's; both have ended when EncodeTexts returns.
func (i *Instance) EncodeTexts(ctx context.Context, texts iter.Seq2[string, error], emit func(position int, vector []float32) error) error {
	asked, dimension := &ledger{}, length{what: "numbers"}
	err := exchange(ctx, i.client,
		pb.NewEncoderClient(i.client.connection).EncodeTexts,
		func(send sender[pb.EncodeTextsRequest]) error {
			if err := send(&pb.EncodeTextsRequest{Body: &pb.EncodeTextsRequest_Instance{Instance: i.id}}, nil); err != nil {
				return err
			}
			for text, err := range texts {
				if err != nil {
					return err
				}
				one := &pb.Text{Position: uint64(asked.ask(Asked{What: "text", ID: text})), Text: text}
				if err := send(&pb.EncodeTextsRequest{Body: &pb.EncodeTextsRequest_Text{Text: one}}, nil); err != nil {
					return err
				}
			}
			return nil
		},
		(*pb.EncodeTextsResponse).GetSignal,
		func(answer *pb.EncodeTextsResponse) error {
			position, vector, err := vectorOf(asked, &dimension, answer.GetVector())
			if err != nil {
				return err
			}
			return emit(position, vector)
		})
	if err == nil {
		err = asked.settle()
	}
	return i.explain(ctx, "EncodeTexts", err)
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
