package sdk

import (
	"context"
	"slices"
	"sync"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// faultsPerMessage bounds a message's size.
const faultsPerMessage = 1 << 12

// CheckPrompts asks a component that no instance of is needed.
func (s *pluginServer) CheckPrompts(r *pb.CheckPromptsRequest, stream pb.Plugin_CheckPromptsServer) error {
	signal := func(signal *pb.Signal) error { return stream.Send(&pb.CheckPromptsResponse{Signal: signal}) }
	return s.serveCall(stream.Context(), signal, func(ctx context.Context, lock sync.Locker) error {
		component, err := s.component(Kind(r.GetKind()), r.GetComponent())
		if err != nil {
			return err
		}
		in := &instance{component: component} // for its name
		if component.CheckPrompts == nil {
			return in.cannot("check prompts")
		}
		var findings PromptFindings
		err = in.guard(func() error {
			var err error
			findings, err = component.CheckPrompts(ctx, checkPromptsFromProto(r))
			return err
		})
		if err != nil {
			return err
		}
		lock.Lock()
		defer lock.Unlock()
		for faults := range slices.Chunk(findings.Faults, faultsPerMessage) {
			if err := stream.Send(&pb.CheckPromptsResponse{Findings: findingsToProto(PromptFindings{Faults: faults})}); err != nil {
				return err
			}
		}
		if len(findings.Vocabulary) == 0 {
			return nil
		}
		return stream.Send(&pb.CheckPromptsResponse{Findings: findingsToProto(PromptFindings{Vocabulary: findings.Vocabulary})})
	})
}
