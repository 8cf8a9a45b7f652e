package plugin

import (
	"context"
	"iter"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// Item is a prompt with an image made for it, as a PNG file.
type Item = client.Item

// Pair is two images made for the same prompt, as PNG files.
type Pair = client.Pair

// Instance is an opened component.
//
// All its calls hold to the same rules. Answers come in any order and only
// once; a call that returns nil has given them all. Answers are emitted on the
// caller's goroutine, items are taken on another; both have ended when the
// call returns. An error of the caller's own functions ends the call and comes
// back as it is; a plugin's failure is a diag.List. When ctx ends, the call
// does, and the instance stays usable. One call of an instance runs at a time;
// others wait.
//
// An instance dies with its plugin's process: after a crash, Open another.
type Instance struct {
	subject subject
	process *process
	opened  *client.Instance
}

// Facts are numbers about the instance that a report prints beside what it
// measured; nil if it has none.
func (i *Instance) Facts() map[string]float64 { return i.opened.Facts() }

// Sample draws one image for each draw.
func (i *Instance) Sample(ctx context.Context, draws []sdk.Draw, emit func(position int, image sdk.Image) error) error {
	return i.explain(ctx, i.opened.Sample(ctx, draws, emit))
}

// Score gives one finite number for each item.
func (i *Instance) Score(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, score float64) error) error {
	return i.explain(ctx, i.opened.Score(ctx, items, emit))
}

// ScoreGroup judges several images of one prompt together, as PNG files, and
// returns one finite number for each, in their order.
func (i *Instance) ScoreGroup(ctx context.Context, prompt sdk.Prompt, images [][]byte) ([]float64, error) {
	scores, err := i.opened.ScoreGroup(ctx, prompt, images)
	return scores, i.explain(ctx, err)
}

// Rate gives the labels of all raters for each item, always as many.
func (i *Instance) Rate(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, labels []sdk.Label) error) error {
	return i.explain(ctx, i.opened.Rate(ctx, items, emit))
}

// Compare gives the choices of all raters for each pair, always as many.
func (i *Instance) Compare(ctx context.Context, pairs iter.Seq2[Pair, error], emit func(position int, choices []sdk.Choice) error) error {
	return i.explain(ctx, i.opened.Compare(ctx, pairs, emit))
}

// EncodeImages gives a vector for each item, [dimension], the same for all.
func (i *Instance) EncodeImages(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, vector []float32) error) error {
	return i.explain(ctx, i.opened.EncodeImages(ctx, items, emit))
}

// EncodeTexts returns a vector for each text, [texts][dimension].
func (i *Instance) EncodeTexts(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, err := i.opened.EncodeTexts(ctx, texts)
	return vectors, i.explain(ctx, err)
}

// Fit trains a reward, rater or encoder and writes a checkpoint into r.Output.
func (i *Instance) Fit(ctx context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	return i.explain(ctx, i.opened.Fit(ctx, r, report))
}

// Prepare turns a table of images into what a sampler's Tune reads, in r.Output.
func (i *Instance) Prepare(ctx context.Context, r sdk.PrepareRequest, report func(sdk.Progress) error) error {
	return i.explain(ctx, i.opened.Prepare(ctx, r, report))
}

// Tune fine-tunes a sampler and writes a checkpoint into r.Output.
func (i *Instance) Tune(ctx context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	return i.explain(ctx, i.opened.Tune(ctx, r, report))
}

// Close frees the instance. Closing one that died with its process is no error.
func (i *Instance) Close(ctx context.Context) error {
	if i.process.runner.exited() {
		return nil
	}
	return i.explain(ctx, i.opened.Close(ctx))
}

func (i *Instance) explain(ctx context.Context, err error) error {
	return i.process.explain(ctx, i.subject, err)
}
