package sdk

import (
	"context"
	"sync"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

type rewardServer struct {
	pb.UnimplementedRewardServer
	*instances
}

func (s *rewardServer) Score(stream pb.Reward_ScoreServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.ScoreResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		first, err := stream.Recv()
		if err != nil {
			return err
		}
		return s.use(ctx, first.GetInstance(), CallScore, func(in *instance) error {
			reward, ok := in.value.(Reward)
			if !ok {
				return in.cannot("score images")
			}
			next := batches(ctx, in.batch(), func() (uint64, *pb.Item, error) {
				r, err := stream.Recv()
				return r.GetItem().GetPosition(), r.GetItem(), err
			}, itemFor(in.component.Description))
			return eachBatch(next, func(positions []uint64, items []Item) error {
				scores, err := scoreBatch(ctx, in.component.Description, reward, items)
				if err != nil {
					return err
				}
				if len(scores) != len(items) {
					return Errorf("%s gave %d scores for %d images", in, len(scores), len(items))
				}
				lock.Lock()
				defer lock.Unlock()
				for i, score := range scores {
					if err := stream.Send(&pb.ScoreResponse{Score: &pb.Score{Position: positions[i], Score: score.Score, Parts: score.Parts}}); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

// scoreBatch has a reward score items, with their parts if it lists any, and at once if
// it can.
func scoreBatch(ctx context.Context, c Description, reward Reward, items []Item) ([]Score, error) {
	if parts, ok := reward.(PartsReward); ok && len(c.Parts) > 0 {
		return parts.ScoreParts(ctx, items)
	}
	if b, ok := reward.(BatchReward); ok {
		numbers, err := b.ScoreBatch(ctx, items)
		scores := make([]Score, len(numbers))
		for i, number := range numbers {
			scores[i].Score = number
		}
		return scores, err
	}
	scores := make([]Score, len(items))
	for i, item := range items {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if scores[i].Score, err = reward.Score(ctx, item); err != nil {
			return nil, err
		}
	}
	return scores, nil
}
