package client

import (
	"context"
	"iter"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// constant refuses a count that changes between the answers of a call.
type constant struct {
	what  string
	known bool
	value int
}

func (c *constant) check(value int, name string) error {
	if value == 0 {
		return violation("gave no %s for %q", c.what, name)
	}
	if c.known && value != c.value {
		return violation("gave %d %s for %q after %d for the items before it", value, c.what, name, c.value)
	}
	c.known, c.value = true, value
	return nil
}

// Rate labels items and hands the labels of each to emit, in any order: one
// label per rater, the same number for all items. Items are taken on another
// goroutine than emit's; both have ended when Rate returns.
func (i *Instance) Rate(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, labels []sdk.Label) error) error {
	asked, raters := newLedger(), constant{what: "labels"}
	err := exchange(ctx, i.client.silence,
		pb.NewRaterClient(i.client.connection).Rate,
		func(send func(*pb.RateRequest) error) error {
			start := &pb.RateRequest{Body: &pb.RateRequest_Instance{Instance: i.id}}
			return feedItems(asked, items, send, start, func(item *pb.Item) *pb.RateRequest {
				return &pb.RateRequest{Body: &pb.RateRequest_Item{Item: item}}
			})
		},
		(*pb.RateResponse).GetSignal,
		func(answer *pb.RateResponse) error {
			position, name, err := asked.answer(answer.GetLabels().GetPosition())
			if err != nil {
				return err
			}
			labels, err := labelsFromProto(answer.GetLabels().GetLabels())
			if err != nil {
				return violation("labelled %q: %v", name, err)
			}
			if err := raters.check(len(labels), name); err != nil {
				return err
			}
			return emit(position, labels)
		})
	if err != nil {
		return err
	}
	return asked.settle()
}

// Compare has the raters choose between the two images of each pair, and hands
// the choices to emit, in any order: one per rater. Pairs are taken on another
// goroutine than emit's; both have ended when Compare returns.
func (i *Instance) Compare(ctx context.Context, pairs iter.Seq2[Pair, error], emit func(position int, choices []sdk.Choice) error) error {
	asked, raters := newLedger(), constant{what: "choices"}
	err := exchange(ctx, i.client.silence,
		pb.NewRaterClient(i.client.connection).Compare,
		func(send func(*pb.CompareRequest) error) error {
			if err := send(&pb.CompareRequest{Body: &pb.CompareRequest_Instance{Instance: i.id}}); err != nil {
				return err
			}
			for pair, err := range pairs {
				if err != nil {
					return err
				}
				first, second := pairToProto(asked.ask(pair.ID), pair)
				if err := send(&pb.CompareRequest{Body: &pb.CompareRequest_First{First: first}}); err != nil {
					return err
				}
				if err := send(&pb.CompareRequest{Body: &pb.CompareRequest_Second{Second: second}}); err != nil {
					return err
				}
			}
			return nil
		},
		(*pb.CompareResponse).GetSignal,
		func(answer *pb.CompareResponse) error {
			position, name, err := asked.answer(answer.GetChoices().GetPosition())
			if err != nil {
				return err
			}
			choices, err := choicesFromProto(answer.GetChoices().GetChoices())
			if err != nil {
				return violation("compared %q: %v", name, err)
			}
			if err := raters.check(len(choices), name); err != nil {
				return err
			}
			return emit(position, choices)
		})
	if err != nil {
		return err
	}
	return asked.settle()
}
