package sdk

import (
	"context"
	"fmt"
	"sync"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

type samplerServer struct {
	pb.UnimplementedSamplerServer
	*instances
}

func (s *samplerServer) Sample(r *pb.SampleRequest, stream pb.Sampler_SampleServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.SampleResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		return s.use(ctx, r.GetInstance(), CallSample, func(in *instance) error {
			sampler, ok := in.value.(Sampler)
			if !ok {
				return in.cannot("draw images")
			}
			draws := drawsFromProto(r.GetDraws())
			for start := 0; start < len(draws); start += in.batch() {
				batch := draws[start:min(start+in.batch(), len(draws))]
				err := sampler.Sample(ctx, batch, func(position int, img Image) error {
					if position < 0 || position >= len(batch) {
						return Errorf("%s drew an image for position %d of %d draws", in, position, len(batch))
					}
					wire, err := imageToProto(img)
					if err != nil {
						return fmt.Errorf("%s: %w", in, err)
					}
					lock.Lock()
					defer lock.Unlock()
					return stream.Send(&pb.SampleResponse{Image: &pb.SampledImage{Position: uint64(start + position), Image: wire}})
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (s *samplerServer) Tune(r *pb.TuneRequest, stream pb.Sampler_TuneServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.TuneResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		return s.use(ctx, r.GetInstance(), CallTune, func(in *instance) error {
			tuner, ok := in.value.(Tuner)
			if !ok {
				return in.cannot("be fine-tuned")
			}
			request := tuneRequestFromProto(r)
			in.tune = &request
			return tuner.Tune(ctx, request, func(p Progress) error {
				lock.Lock()
				defer lock.Unlock()
				return stream.Send(&pb.TuneResponse{Progress: progressToProto(p)})
			})
		})
	})
}
