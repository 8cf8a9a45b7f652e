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

// ScoreGroup judges several images of one prompt together. It returns one score
// for each, in their order.
func (i *Instance) ScoreGroup(ctx context.Context, items []Item) ([]float64, error) {
	var scores []float64
	err := exchange(ctx, i.client.options.Silence,
		pb.NewRewardClient(i.client.connection).ScoreGroup,
		func(send func(*pb.ScoreGroupRequest) error) error {
			if err := send(&pb.ScoreGroupRequest{Body: &pb.ScoreGroupRequest_Instance{Instance: i.id}}); err != nil {
				return err
			}
			for position, item := range items {
				if err := send(&pb.ScoreGroupRequest{Body: &pb.ScoreGroupRequest_Item{Item: itemToProto(position, item)}}); err != nil {
					return err
				}
			}
			return nil
		},
		(*pb.ScoreGroupResponse).GetSignal,
		func(answer *pb.ScoreGroupResponse) error {
			scores = append(scores, answer.GetScores()...)
			return nil
		})
	if err == nil {
		err = checkGroup(scores, items)
	}
	if err != nil {
		return nil, i.explain(ctx, "ScoreGroup", err)
	}
	return scores, nil
}

func checkGroup(scores []float64, items []Item) error {
	if len(scores) != len(items) {
		return violation("gives %d scores for a group of %d images", len(scores), len(items))
	}
	for at, score := range scores {
		if !finite(score) {
			return &NotFinite{Asked: Asked{What: "image", ID: items[at].ID, Prompt: items[at].Prompt.Text}, What: "score", Value: score}
		}
	}
	return nil
}
