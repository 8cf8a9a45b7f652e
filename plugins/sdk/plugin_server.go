package sdk

import (
	"context"
	"sync"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

type pluginServer struct {
	pb.UnimplementedPluginServer
	*instances
}

func (s *pluginServer) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	if mistakes := s.plugin.Validate(); len(mistakes) > 0 {
		return &pb.DescribeResponse{Name: s.plugin.Name, Version: s.plugin.Version, Diagnostics: diagnosticsToProto(mistakes)}, nil
	}
	return descriptionToProto(s.plugin)
}

func (s *pluginServer) Open(r *pb.OpenRequest, stream pb.Plugin_OpenServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.OpenResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		over := false
		defer func() {
			lock.Lock()
			defer lock.Unlock()
			over = true
		}()
		ctx = withOpenProgress(ctx, func(p Progress) {
			lock.Lock()
			defer lock.Unlock()
			if !over { // a host that is gone is noticed elsewhere
				_ = stream.Send(&pb.OpenResponse{Progress: progressToProto(p)})
			}
		})
		id, facts, err := s.start(ctx, Kind(r.GetKind()), r.GetComponent(), openRequestFromProto(r))
		if err != nil {
			return err
		}
		lock.Lock()
		err = stream.Send(&pb.OpenResponse{Instance: id, Facts: facts})
		lock.Unlock()
		return err
	})
}

func (s *pluginServer) Close(ctx context.Context, r *pb.CloseRequest) (*pb.CloseResponse, error) {
	out := &pb.CloseResponse{}
	if err := s.close(ctx, r.GetInstance()); err != nil {
		out.Diagnostics = diagnosticsToProto(DiagnosticsOf(err))
	}
	return out, nil
}

func (s *pluginServer) Stop(ctx context.Context, _ *pb.StopRequest) (*pb.StopResponse, error) {
	out := &pb.StopResponse{}
	if err := s.stop(ctx); err != nil {
		out.Diagnostics = diagnosticsToProto(DiagnosticsOf(err))
	}
	return out, nil
}
