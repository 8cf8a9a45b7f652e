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
			}, itemFor(in.component.Description))
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

func (s *encoderServer) EncodeTexts(stream pb.Encoder_EncodeTextsServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.EncodeTextsResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		first, err := stream.Recv()
		if err != nil {
			return err
		}
		return s.use(ctx, first.GetInstance(), CallEncode, func(in *instance) error {
			encoder, ok := in.value.(TextEncoder)
			if !ok {
				return in.cannot("encode texts")
			}
			next := batches(ctx, in.batch(), func() (uint64, string, error) {
				r, err := stream.Recv()
				return r.GetText().GetPosition(), r.GetText().GetText(), err
			}, func(text string) (string, error) { return text, nil })
			return eachBatch(next, func(positions []uint64, texts []string) error {
				vectors, err := encoder.EncodeTexts(ctx, texts)
				if err != nil {
					return err
				}
				if len(vectors) != len(texts) {
					return Errorf("%s gave %d vectors for %d texts", in, len(vectors), len(texts))
				}
				lock.Lock()
				defer lock.Unlock()
				for i, vector := range vectors {
					if err := stream.Send(&pb.EncodeTextsResponse{Vector: &pb.Vector{Position: positions[i], Values: vector}}); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}
