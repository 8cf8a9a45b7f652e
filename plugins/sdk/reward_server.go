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
				scores, err := scoreBatch(ctx, reward, items)
				if err != nil {
					return err
				}
				if len(scores) != len(items) {
					return Errorf("%s gave %d scores for %d images", in, len(scores), len(items))
				}
				lock.Lock()
				defer lock.Unlock()
				for i, score := range scores {
					if err := stream.Send(&pb.ScoreResponse{Score: &pb.Score{Position: positions[i], Score: score}}); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

// scoreBatch lets a reward score items at once if it can.
func scoreBatch(ctx context.Context, reward Reward, items []Item) ([]float64, error) {
	if b, ok := reward.(BatchReward); ok {
		return b.ScoreBatch(ctx, items)
	}
	scores := make([]float64, len(items))
	for i, item := range items {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if scores[i], err = reward.Score(ctx, item); err != nil {
			return nil, err
		}
	}
	return scores, nil
}
