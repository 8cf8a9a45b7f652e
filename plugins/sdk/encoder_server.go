package sdk

import (
	"context"
	"sync"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

type encoderServer struct {
	pb.UnimplementedEncoderServer
	*instances
}

func (s *encoderServer) EncodeImages(stream pb.Encoder_EncodeImagesServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.EncodeImagesResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		first, err := stream.Recv()
		if err != nil {
			return err
		}
		return s.use(ctx, first.GetInstance(), CallEncode, func(in *instance) error {
			encoder, ok := in.value.(Encoder)
			if !ok {
				return in.cannot("encode images")
			}
			next := batches(ctx, in.batch(), func() (uint64, *pb.Item, error) {
				r, err := stream.Recv()
				return r.GetItem().GetPosition(), r.GetItem(), err
			}, itemFromProto)
			return eachBatch(next, func(positions []uint64, items []Item) error {
				images := make([]Image, len(items))
				for i, item := range items {
					images[i] = item.Image
				}
				vectors, err := encoder.EncodeImages(ctx, images)
				if err != nil {
					return err
				}
				if len(vectors) != len(images) {
					return Errorf("%s gave %d vectors for %d images", in, len(vectors), len(images))
				}
				lock.Lock()
				defer lock.Unlock()
				for i, vector := range vectors {
					if err := stream.Send(&pb.EncodeImagesResponse{Vector: &pb.Vector{Position: positions[i], Values: vector}}); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

func (s *encoderServer) EncodeTexts(r *pb.EncodeTextsRequest, stream pb.Encoder_EncodeTextsServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.EncodeTextsResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		return s.use(ctx, r.GetInstance(), CallEncode, func(in *instance) error {
			encoder, ok := in.value.(TextEncoder)
			if !ok {
				return in.cannot("encode texts")
			}
			texts := r.GetTexts()
			for start := 0; start < len(texts); start += in.batch() {
				batch := texts[start:min(start+in.batch(), len(texts))]
				vectors, err := encoder.EncodeTexts(ctx, batch)
				if err != nil {
					return err
				}
				if len(vectors) != len(batch) {
					return Errorf("%s gave %d vectors for %d texts", in, len(vectors), len(batch))
				}
				lock.Lock()
				for i, vector := range vectors {
					err = stream.Send(&pb.EncodeTextsResponse{Vector: &pb.Vector{Position: uint64(start + i), Values: vector}})
					if err != nil {
						break
					}
				}
				lock.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}
