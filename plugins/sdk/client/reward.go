package client

import (
	"context"
	"iter"
	"math"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Score scores items and hands every score to emit, in any order. Items are
// taken on another goroutine than emit's; both have ended when Score returns.
func (i *Instance) Score(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, score float64) error) error {
	asked := newLedger()
	err := exchange(ctx, i.client.silence,
		pb.NewRewardClient(i.client.connection).Score,
		func(send func(*pb.ScoreRequest) error) error {
			start := &pb.ScoreRequest{Body: &pb.ScoreRequest_Instance{Instance: i.id}}
			return feedItems(asked, items, send, start, func(item *pb.Item) *pb.ScoreRequest {
				return &pb.ScoreRequest{Body: &pb.ScoreRequest_Item{Item: item}}
			})
		},
		(*pb.ScoreResponse).GetSignal,
		func(answer *pb.ScoreResponse) error {
			position, name, err := asked.answer(answer.GetScore().GetPosition())
			if err != nil {
				return err
			}
			score := answer.GetScore().GetScore()
			if !finite(score) {
				return violation("gave the score %v for %q; a score is a finite number", score, name)
			}
			return emit(position, score)
		})
	if err != nil {
		return err
	}
	return asked.settle()
}

// ScoreGroup judges several images of one prompt together, given as PNG files.
// It returns one score for each, in their order.
func (i *Instance) ScoreGroup(ctx context.Context, prompt sdk.Prompt, images [][]byte) ([]float64, error) {
	var scores []float64
	err := exchange(ctx, i.client.silence,
		pb.NewRewardClient(i.client.connection).ScoreGroup,
		func(send func(*pb.ScoreGroupRequest) error) error {
			start := &pb.GroupStart{Instance: i.id, Prompt: promptToProto(prompt)}
			if err := send(&pb.ScoreGroupRequest{Body: &pb.ScoreGroupRequest_Start{Start: start}}); err != nil {
				return err
			}
			for _, image := range images {
				if err := send(&pb.ScoreGroupRequest{Body: &pb.ScoreGroupRequest_Image{Image: pngToProto(image)}}); err != nil {
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
	if err != nil {
		return nil, err
	}
	if len(scores) != len(images) {
		return nil, violation("gave %d scores for a group of %d images", len(scores), len(images))
	}
	for at, score := range scores {
		if !finite(score) {
			return nil, violation("gave the score %v for image %d of a group; a score is a finite number", score, at)
		}
	}
	return scores, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
