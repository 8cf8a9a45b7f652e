package sdk

import (
	"context"
	"slices"
	"sync"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

type trainerServer struct {
	pb.UnimplementedTrainerServer
	*instances
}

func (s *trainerServer) Fit(r *pb.FitRequest, stream pb.Trainer_FitServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.FitResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		return s.use(ctx, r.GetInstance(), CallFit, func(in *instance) error {
			fitter, ok := in.value.(Fitter)
			if !ok {
				return in.cannot("be fitted")
			}
			return fitter.Fit(ctx, fitRequestFromProto(r), func(p Progress) error {
				lock.Lock()
				defer lock.Unlock()
				return stream.Send(&pb.FitResponse{Progress: progressToProto(p)})
			})
		})
	})
}

func (s *trainerServer) FitTexts(r *pb.FitRequest, stream pb.Trainer_FitTextsServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.FitTextsResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		return s.use(ctx, r.GetInstance(), CallFit, func(in *instance) error {
			lister, ok := in.value.(TextLister)
			if !ok {
				return in.cannot("list texts for its fit")
			}
			texts, err := lister.FitTexts(ctx, fitRequestFromProto(r))
			if err != nil {
				return err
			}
			lock.Lock()
			defer lock.Unlock()
			for part := range slices.Chunk(texts, textsPerMessage) {
				if err := stream.Send(&pb.FitTextsResponse{Texts: &pb.Texts{Texts: part}}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// textsPerMessage keeps a message of texts far below the limit of its size.
const textsPerMessage = 256

func (s *trainerServer) Precompute(r *pb.PrecomputeRequest, stream pb.Trainer_PrecomputeServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.PrecomputeResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		return s.use(ctx, r.GetInstance(), CallPrecompute, func(in *instance) error {
			precomputer, ok := in.value.(Precomputer)
			if !ok {
				return in.cannot("precompute images")
			}
			return precomputer.Precompute(ctx, precomputeRequestFromProto(r), func(p Progress) error {
				lock.Lock()
				defer lock.Unlock()
				return stream.Send(&pb.PrecomputeResponse{Progress: progressToProto(p)})
			})
		})
	})
}
