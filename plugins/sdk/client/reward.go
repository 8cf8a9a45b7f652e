package client

import (
	"context"
	"iter"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Score scores items and hands every score to emit, in any order. Items are
// taken on another goroutine than emit's; both have ended when Score returns.
func (i *Instance) Score(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, score float64) error) error {
	asked := &ledger{}
	err := exchange(ctx, i.client.options.Silence,
		pb.NewRewardClient(i.client.connection).Score,
		func(send func(*pb.ScoreRequest) error) error {
			start := &pb.ScoreRequest{Body: &pb.ScoreRequest_Instance{Instance: i.id}}
			return feedItems(asked, items, send, start, func(item *pb.Item) *pb.ScoreRequest {
				return &pb.ScoreRequest{Body: &pb.ScoreRequest_Item{Item: item}}
			})
		},
		(*pb.ScoreResponse).GetSignal,
		func(answer *pb.ScoreResponse) error {
			given := answer.GetScore()
			if given == nil {
				return nothing()
			}
			position, about, err := asked.answer(given.GetPosition())
			if err != nil {
				return err
			}
			if !finite(given.GetScore()) {
				return &NotFinite{Asked: about, What: "score", Value: given.GetScore()}
			}
			return emit(position, given.GetScore())
		})
	if err == nil {
		err = asked.settle()
	}
	return i.explain(ctx, "Score", err)
}
