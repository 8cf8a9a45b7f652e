package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

type raterServer struct {
	pb.UnimplementedRaterServer
	*instances
}

func (s *raterServer) Rate(stream pb.Rater_RateServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.RateResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		first, err := stream.Recv()
		if err != nil {
			return err
		}
		return s.use(ctx, first.GetInstance(), CallRate, func(in *instance) error {
			rater, ok := in.value.(Rater)
			if !ok {
				return in.cannot("rate images")
			}
			next := batches(ctx, in.batch(), func() (uint64, *pb.Item, error) {
				r, err := stream.Recv()
				return r.GetItem().GetPosition(), r.GetItem(), err
			}, itemFor(in.component.Description))
			return eachBatch(next, func(positions []uint64, items []Item) error {
				labels, err := rater.Rate(ctx, items)
				if err != nil {
					return err
				}
				if len(labels) != len(items) {
					return Errorf("%s labelled %d of %d images", in, len(labels), len(items))
				}
				lock.Lock()
				defer lock.Unlock()
				for i := range labels {
					wire, err := labelsToProto(labels[i])
					if err != nil {
						return fmt.Errorf("%s: item %q: %w", in, items[i].ID, err)
					}
					if err := stream.Send(&pb.RateResponse{Labels: &pb.Labels{Position: positions[i], Labels: wire}}); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

// wirePair is a pair as its two messages carry it.
type wirePair struct {
	first  *pb.PairFirst
	second *pb.Image
}

func (s *raterServer) Compare(stream pb.Rater_CompareServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.CompareResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		start, err := stream.Recv()
		if err != nil {
			return err
		}
		return s.use(ctx, start.GetInstance(), CallRate, func(in *instance) error {
			comparer, ok := in.value.(Comparer)
			if !ok {
				return in.cannot("compare images")
			}
			next := batches(ctx, in.batch(), func() (uint64, wirePair, error) {
				first, err := stream.Recv()
				if err != nil {
					return 0, wirePair{}, err
				}
				second, err := stream.Recv()
				if errors.Is(err, io.EOF) {
					return 0, wirePair{}, io.ErrUnexpectedEOF
				}
				return first.GetFirst().GetPosition(), wirePair{first.GetFirst(), second.GetSecond()}, err
			}, func(p wirePair) (Pair, error) { return pairFromProto(p.first, p.second, in.component.Description) })
			return eachBatch(next, func(positions []uint64, pairs []Pair) error {
				choices, err := comparer.Compare(ctx, pairs)
				if err != nil {
					return err
				}
				if len(choices) != len(pairs) {
					return Errorf("%s compared %d of %d pairs", in, len(choices), len(pairs))
				}
				lock.Lock()
				defer lock.Unlock()
				for i := range choices {
					wire, err := choicesToProto(choices[i])
					if err != nil {
						return fmt.Errorf("%s: pair %q: %w", in, pairs[i].ID, err)
					}
					if err := stream.Send(&pb.CompareResponse{Choices: &pb.Choices{Position: positions[i], Choices: wire}}); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}
