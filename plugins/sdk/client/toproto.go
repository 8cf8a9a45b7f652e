package client

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
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

// pngToProto sends the pixels of a PNG file, in the size that the component wants: read here, they are read once whatever a
// plugin is written in, and by a reader that knows stored PNGs. lent is the pixels'
// memory, if it is to be used again.
func (i *Instance) pngToProto(png []byte) (sent *pb.Image, lent *[]byte, err error) {
	image, err := imaging.DecodeInto(png, imaging.Exchanged, func(bytes int) []byte {
		lent = i.client.pixels.Get(bytes)
		return *lent
	})
	if err != nil {
		return nil, nil, err
	}
	if to := i.described.Input; to != nil {
		resized := sdk.Resized(image, *to)
		if lent != nil && &resized.RGB[0] != &image.RGB[0] {
			i.client.pixels.Put(lent)
			lent = nil
		}
		image = resized
	}
	return imageToProto(image), lent, nil
}

// pixelsToProto sends pixels, in the size that the component wants.
func (i *Instance) pixelsToProto(image sdk.Image) (*pb.Image, error) {
	if err := image.Check(); err != nil {
		return nil, err
	}
	if to := i.described.Input; to != nil {
		image = sdk.Resized(image, *to)
	}
	return imageToProto(image), nil
}

func imageToProto(image sdk.Image) *pb.Image {
	return &pb.Image{Encoding: pb.Image_ENCODING_RGB8, Width: uint32(image.Width), Height: uint32(image.Height), Data: image.RGB}
}

// itemInProto is an item on its way.
type itemInProto struct {
	item *pb.Item
	lent *[]byte // as of pngToProto
}

func (i *Instance) itemToProto(item Item) (out itemInProto, err error) {
	out.item = &pb.Item{
		Id:          item.ID,
		Prompt:      promptToProto(item.Prompt),
		ImageVector: item.ImageVector,
		TextVector:  item.TextVector,
	}
	switch {
	case item.PNG != nil:
		out.item.Image, out.lent, err = i.pngToProto(item.PNG)
	case item.Pixels.RGB != nil:
		out.item.Image, err = i.pixelsToProto(item.Pixels)
	}
	if err != nil {
		return itemInProto{}, fmt.Errorf("item %q: %w", item.ID, err)
	}
	return out, nil
}

// pairInProto is a pair on its way: two messages.
type pairInProto struct {
	first                 *pb.PairFirst
	second                *pb.Image
	lentFirst, lentSecond *[]byte // as of pngToProto
}

func (i *Instance) pairToProto(pair Pair) (out pairInProto, err error) {
	out.first = &pb.PairFirst{Id: pair.ID, Prompt: promptToProto(pair.Prompt)}
	if out.first.First, out.lentFirst, err = i.pngToProto(pair.First); err != nil {
		return pairInProto{}, fmt.Errorf("first image of pair %q: %w", pair.ID, err)
	}
	if out.second, out.lentSecond, err = i.pngToProto(pair.Second); err != nil {
		return pairInProto{}, fmt.Errorf("second image of pair %q: %w", pair.ID, err)
	}
	return out, nil
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
		Until:         uint32(r.Until),
		State:         r.State,
		Resume:        r.Resume,
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
