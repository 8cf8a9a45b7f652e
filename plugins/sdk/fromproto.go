package sdk

import (
	"encoding/json"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

func promptFromProto(p *pb.Prompt) Prompt {
	return Prompt{Text: p.GetText(), Category: p.GetCategory(), Slots: p.GetSlots()}
}

func checkPromptsFromProto(r *pb.CheckPromptsRequest) CheckPromptsRequest {
	out := CheckPromptsRequest{Config: r.GetConfigJson(), Prompts: make([]Prompt, len(r.GetPrompts()))}
	if len(out.Config) == 0 {
		out.Config = json.RawMessage("{}")
	}
	for i, p := range r.GetPrompts() {
		out.Prompts[i] = promptFromProto(p)
	}
	return out
}

func drawsFromProto(draws []*pb.Draw) []Draw {
	out := make([]Draw, len(draws))
	for i, d := range draws {
		out[i] = Draw{Prompt: promptFromProto(d.GetPrompt()), Seed: d.GetSeed()}
	}
	return out
}

// imageFromProto reads an image for a component.
func imageFromProto(img *pb.Image, c Description) (out Image, err error) {
	switch img.GetEncoding() {
	case pb.Image_ENCODING_PNG:
		out, err = imaging.Decode(img.GetData(), imaging.Exchanged)
	case pb.Image_ENCODING_RGB8:
		out = Image{Width: int(img.GetWidth()), Height: int(img.GetHeight()), RGB: img.GetData()}
		err = out.Check()
	default:
		err = fmt.Errorf("image has an encoding that this plugin does not know: %v", img.GetEncoding())
	}
	if err != nil {
		return Image{}, err
	}
	return out, checkInput(out, c)
}

// itemFor decodes items for a component, which must get what it reads.
func itemFor(c Description) func(*pb.Item) (Item, error) {
	return func(item *pb.Item) (Item, error) {
		out := Item{ID: item.GetId(), Prompt: promptFromProto(item.GetPrompt())}
		if c.DoesRead(ReadPixels) {
			var err error
			if out.Image, err = imageFromProto(item.GetImage(), c); err != nil {
				return Item{}, fmt.Errorf("item %q: %w", out.ID, err)
			}
		}
		if c.DoesRead(ReadImageFeatures) {
			if out.ImageVector = item.GetImageVector(); len(out.ImageVector) == 0 {
				return Item{}, fmt.Errorf("item %q has no vector of its image, which %s %q reads", out.ID, c.Kind, c.Name)
			}
		}
		if c.DoesRead(ReadTextFeatures) {
			if out.TextVector = item.GetTextVector(); len(out.TextVector) == 0 {
				return Item{}, fmt.Errorf("item %q has no vector of its prompt, which %s %q reads", out.ID, c.Kind, c.Name)
			}
		}
		return out, nil
	}
}

func pairFromProto(first *pb.PairFirst, second *pb.Image, c Description) (Pair, error) {
	out := Pair{ID: first.GetId(), Prompt: promptFromProto(first.GetPrompt())}
	var err error
	if out.First, err = imageFromProto(first.GetFirst(), c); err != nil {
		return Pair{}, fmt.Errorf("first image of pair %q: %w", out.ID, err)
	}
	if out.Second, err = imageFromProto(second, c); err != nil {
		return Pair{}, fmt.Errorf("second image of pair %q: %w", out.ID, err)
	}
	return out, nil
}

func fitRequestFromProto(r *pb.FitRequest) FitRequest {
	out := FitRequest{
		TextFeatures: r.GetTextFeatures(),
		Seed:         r.GetSeed(),
		Output:       r.GetOutput(),
		Scratch:      r.GetScratch(),
	}
	for _, set := range r.GetSets() {
		out.Sets = append(out.Sets, FitSet{Images: set.GetImages(), Labels: set.GetLabels(), ImageFeatures: set.GetImageFeatures()})
	}
	return out
}

func precomputeRequestFromProto(r *pb.PrecomputeRequest) PrecomputeRequest {
	return PrecomputeRequest{
		Images:  r.GetImages(),
		Seed:    r.GetSeed(),
		Output:  r.GetOutput(),
		Scratch: r.GetScratch(),
	}
}

func tuneRequestFromProto(r *pb.TuneRequest) TuneRequest {
	out := TuneRequest{
		Steps:       int(r.GetSteps()),
		BatchSize:   int(r.GetBatchSize()),
		Optimizer:   r.GetOptimizerJson(),
		Scratch:     r.GetScratch(),
		Output:      r.GetOutput(),
		Seed:        r.GetSeed(),
		FromScratch: r.GetFromScratch(),
		Options:     r.GetOptionsJson(),
		Until:       int(r.GetUntil()),
		State:       r.GetState(),
		Resume:      r.GetResume(),
	}
	if len(out.Options) == 0 {
		out.Options = json.RawMessage("{}")
	}
	if r.GetReference() != nil {
		out.Reference = &TuneReference{Checkpoint: r.GetReference().GetCheckpoint()}
	}
	for _, l := range r.GetLosses() {
		loss := TuneLoss{Name: l.GetName(), Weight: l.GetWeight(), Options: l.GetOptionsJson()}
		for _, set := range l.GetSets() {
			loss.Sets = append(loss.Sets, TuneSet{
				Images:      set.GetImages(),
				Precomputed: set.GetPrecomputed(),
				Scores:      set.GetScores(),
				Labels:      set.GetLabels(),
				Comparisons: set.GetComparisons(),
			})
		}
		out.Losses = append(out.Losses, loss)
	}
	return out
}

func openRequestFromProto(r *pb.OpenRequest) OpenRequest {
	out := OpenRequest{
		Config:     r.GetConfigJson(),
		Checkpoint: r.GetCheckpoint(),
		Seed:       r.GetSeed(),
		Backend:    r.GetBackend(),
		Device:     r.GetDevice(),
		DType:      r.GetDtype(),
	}
	if len(out.Config) == 0 {
		out.Config = json.RawMessage("{}")
	}
	return out
}
