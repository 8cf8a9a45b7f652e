package client

import (
	"context"
	"iter"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Rate labels items and hands the labels of each to emit, in any order: one
// label per rater, the same number for all items. Items are taken on another
// goroutine than emit's; both have ended when Rate returns.
func (i *Instance) Rate(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, labels []sdk.Label) error) error {
	asked, raters := &ledger{}, length{what: "labels"}
	err := exchange(ctx, i.client,
		pb.NewRaterClient(i.client.connection).Rate,
		func(send sender[pb.RateRequest]) error {
			start := &pb.RateRequest{Body: &pb.RateRequest_Instance{Instance: i.id}}
			return feedItems(i, asked, items, send, start, func(item *pb.Item) *pb.RateRequest {
				return &pb.RateRequest{Body: &pb.RateRequest_Item{Item: item}}
			})
		},
		(*pb.RateResponse).GetSignal,
		func(answer *pb.RateResponse) error {
			given := answer.GetLabels()
			if given == nil {
				return nothing()
			}
			position, about, err := asked.answer(given.GetPosition())
			if err != nil {
				return err
			}
			labels, err := labelsFromProto(given.GetLabels())
			if err != nil {
				return &Malformed{about, err}
			}
			if err := raters.check(len(labels), about); err != nil {
				return err
			}
			return emit(position, labels)
		})
	if err == nil {
		err = asked.settle()
	}
	return i.explain(ctx, "Rate", err)
}

// Compare has the raters choose between the two images of each pair, and hands
// the choices to emit, in any order: one per rater. Pairs are taken on another
// goroutine than emit's; both have ended when Compare returns.
func (i *Instance) Compare(ctx context.Context, pairs iter.Seq2[Pair, error], emit func(position int, choices []sdk.Choice) error) error {
	asked, raters := &ledger{}, length{what: "choices"}
	err := exchange(ctx, i.client,
		pb.NewRaterClient(i.client.connection).Compare,
		func(send sender[pb.CompareRequest]) error {
			if err := send(&pb.CompareRequest{Body: &pb.CompareRequest_Instance{Instance: i.id}}, nil); err != nil {
				return err
			}
			for pair, err := range ahead(pairs, i.readAhead(), i.pairToProto) {
				if err != nil {
					return err
				}
				pair.first.Position = uint64(asked.ask(Asked{What: "pair", ID: pair.first.Id, Prompt: pair.first.GetPrompt().GetText()}))
				if err := send(&pb.CompareRequest{Body: &pb.CompareRequest_First{First: pair.first}}, pair.lentFirst); err != nil {
					return err
				}
				if err := send(&pb.CompareRequest{Body: &pb.CompareRequest_Second{Second: pair.second}}, pair.lentSecond); err != nil {
					return err
				}
			}
			return nil
		},
		(*pb.CompareResponse).GetSignal,
		func(answer *pb.CompareResponse) error {
			given := answer.GetChoices()
			if given == nil {
				return nothing()
			}
			position, about, err := asked.answer(given.GetPosition())
			if err != nil {
				return err
			}
			choices, err := choicesFromProto(given.GetChoices())
			if err != nil {
				return &Malformed{about, err}
			}
			if err := raters.check(len(choices), about); err != nil {
				return err
			}
			return emit(position, choices)
		})
	if err == nil {
		err = asked.settle()
	}
	return i.explain(ctx, "Compare", err)
}
