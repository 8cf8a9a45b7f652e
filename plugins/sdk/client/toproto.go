package client

import (
	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

func openRequestToProto(r OpenRequest) *pb.OpenRequest {
	return &pb.OpenRequest{
		Kind:       r.Kind,
		Component:  r.Component,
		ConfigJson: r.Config,
		Checkpoint: r.Checkpoint,
		Seed:       r.Seed,
		Backend:    r.Backend,
		Device:     r.Device,
		Dtype:      r.DType,
	}
}

func checkPromptsToProto(r CheckPromptsRequest) *pb.CheckPromptsRequest {
	out := &pb.CheckPromptsRequest{Kind: r.Kind, Component: r.Component, ConfigJson: r.Config, Prompts: make([]*pb.Prompt, len(r.Prompts))}
	for i, prompt := range r.Prompts {
		out.Prompts[i] = promptToProto(prompt)
	}
	return out
}

func promptToProto(p sdk.Prompt) *pb.Prompt {
	return &pb.Prompt{Text: p.Text, Category: p.Category, Slots: p.Slots}
}

func pngToProto(png []byte) *pb.Image {
	return &pb.Image{Encoding: pb.Image_ENCODING_PNG, Data: png}
}

func itemToProto(position int, item Item) *pb.Item {
	out := &pb.Item{
		Position:    uint64(position),
		Id:          item.ID,
		Prompt:      promptToProto(item.Prompt),
		ImageVector: item.ImageVector,
		TextVector:  item.TextVector,
	}
	if item.PNG != nil {
		out.Image = pngToProto(item.PNG)
	}
	return out
}

func pairToProto(position int, pair Pair) (*pb.PairFirst, *pb.Image) {
	first := &pb.PairFirst{Position: uint64(position), Id: pair.ID, Prompt: promptToProto(pair.Prompt), First: pngToProto(pair.First)}
	return first, pngToProto(pair.Second)
}

func drawsToProto(draws []Draw) []*pb.Draw {
	out := make([]*pb.Draw, len(draws))
	for i, d := range draws {
		out[i] = &pb.Draw{Prompt: promptToProto(d.Prompt), Seed: d.Seed}
	}
	return out
}

func fitRequestToProto(instance string, r sdk.FitRequest) *pb.FitRequest {
	out := &pb.FitRequest{
		Instance:     instance,
		TextFeatures: r.TextFeatures,
		Seed:         r.Seed,
		Output:       r.Output,
		Scratch:      r.Scratch,
	}
	for _, set := range r.Sets {
		out.Sets = append(out.Sets, &pb.FitSet{Images: set.Images, Labels: set.Labels, ImageFeatures: set.ImageFeatures})
	}
	return out
}

func precomputeRequestToProto(instance string, r sdk.PrecomputeRequest) *pb.PrecomputeRequest {
	return &pb.PrecomputeRequest{
		Instance: instance,
		Images:   r.Images,
		Seed:     r.Seed,
		Output:   r.Output,
		Scratch:  r.Scratch,
	}
}

func tuneRequestToProto(instance string, r sdk.TuneRequest) *pb.TuneRequest {
	out := &pb.TuneRequest{
		Instance:      instance,
		Steps:         uint32(r.Steps),
		BatchSize:     uint32(r.BatchSize),
		OptimizerJson: r.Optimizer,
		Scratch:       r.Scratch,
		Output:        r.Output,
		Seed:          r.Seed,
		FromScratch:   r.FromScratch,
		OptionsJson:   r.Options,
	}
	if r.Reference != nil {
		out.Reference = &pb.TuneReference{Checkpoint: r.Reference.Checkpoint}
	}
	for _, l := range r.Losses {
		loss := &pb.TuneLoss{Name: l.Name, Weight: l.Weight, OptionsJson: l.Options}
		for _, set := range l.Sets {
			loss.Sets = append(loss.Sets, &pb.TuneSet{
				Images:      set.Images,
				Precomputed: set.Precomputed,
				Scores:      set.Scores,
				Labels:      set.Labels,
				Comparisons: set.Comparisons,
			})
		}
		out.Losses = append(out.Losses, loss)
	}
	return out
}
