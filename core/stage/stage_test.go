package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// tile is a component of every kind that draws and judges 1x1 images, over the
// wire. What it answers is right; spoil, in spoiled_test.go, makes it wrong.
type tile struct {
	batch      int // answers come in groups of this many, each group last first
	score      func(item sdk.Item) float64
	learn      func(scratch, output string, report func(sdk.Progress) error) error
	precompute func(r sdk.PrecomputeRequest, report func(sdk.Progress) error) error
	warn       func(draw sdk.Draw) string
	choose     func(pair sdk.Pair) []sdk.Choice
	tune       func(r sdk.TuneRequest) error
	after      int // images after which it fails, if it is to
	drawn      *int
	closed     *bool
}

// connect serves the tile as a plugin that a third party wrote, with words of
// what goes wrong as users read them.
func (t tile) connect(test testing.TB, options ...grpc.ServerOption) *client.Client {
	test.Helper()
	open := func(context.Context, sdk.OpenRequest) (any, error) { return t, nil }
	tiles := sdk.Plugin{Name: "tiles", Version: "1"}
	for kind, capabilities := range map[sdk.Kind][]sdk.Capability{
		sdk.KindSampler: {sdk.CapabilityTune, sdk.CapabilityPrecompute},
		sdk.KindReward:  {sdk.CapabilityFit},
		sdk.KindRater:   {sdk.CapabilityCompare},
		sdk.KindEncoder: nil,
	} {
		tiles.Components = append(tiles.Components, sdk.Component{Description: sdk.Description{Kind: kind, Name: "tile", Capabilities: capabilities, PreferredBatch: 8}, Open: open})
	}
	origin := plugin.Origin{Plugin: "tiles"}
	return client.New(plugintest.Connect(test, tiles, append(options, inGroups(t.batch))...), client.Options{
		Explain: func(_ context.Context, call client.Call, err error) error { return origin.Explain(call, err) },
	})
}

func (t tile) Facts() map[string]float64 { return map[string]float64{"tile_width": 1} }

func (t tile) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for position, draw := range draws {
		if t.drawn != nil {
			*t.drawn++
			if t.after > 0 && *t.drawn > t.after {
				return errors.New("killed")
			}
		}
		if t.warn != nil {
			sdk.Warn(ctx, t.warn(draw))
		}
		seed := draw.Seed
		if err := emit(position, sdk.Image{Width: 1, Height: 1, RGB: []byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}}); err != nil {
			return err
		}
	}
	return nil
}

func (t tile) Score(context.Context, sdk.Item) (float64, error) {
	return 0, errors.New("images come in batches")
}

func (t tile) ScoreBatch(_ context.Context, items []sdk.Item) ([]float64, error) {
	scores := make([]float64, len(items))
	for i, item := range items {
		scores[i] = t.score(item)
	}
	return scores, nil
}

func (t tile) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	labels := make([][]sdk.Label, len(items))
	for i := range items {
		labels[i] = []sdk.Label{sdk.LabelGood, sdk.LabelSkip}
	}
	return labels, nil
}

func (t tile) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	vectors := make([][]float32, len(images))
	for i, image := range images {
		vectors[i] = []float32{float32(image.RGB[0]), 1}
	}
	return vectors, nil
}

func (t tile) Fit(_ context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	return t.learn(r.Scratch, r.Output, report)
}

func (t tile) Precompute(_ context.Context, r sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
	return t.precompute(r, report)
}

func (t tile) Tune(_ context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	if t.tune != nil {
		return t.tune(r)
	}
	return t.learn(r.Scratch, r.Output, report)
}

func (t tile) Close() error {
	if t.closed != nil {
		*t.closed = true
	}
	return nil
}

// bench is a store to put outputs into.
type bench struct {
	t        *testing.T
	store    *store.Store
	repaired func(text string) // of its jobs
	report   func(Progress)
}

func newBench(t *testing.T) bench {
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return bench{t: t, store: s}
}

func (b bench) try(node *plan.Node, instance tile, scratch string, inputs map[string]string) (*Result, error) {
	b.t.Helper()
	return b.over(instance.connect(b.t), node, scratch, inputs)
}

// over does a stage whose components are opened over a connection.
func (b bench) over(components Components, node *plan.Node, scratch string, inputs map[string]string) (*Result, error) {
	b.t.Helper()
	if node.Instance == nil && node.Kind != record.KindChoose {
		node.Instance = &plan.Instance{Kind: map[record.Kind]string{record.KindRate: "rater"}[node.Kind], Name: "one"}
		if node.Instance.Kind == "" {
			node.Instance.Kind = "sampler"
		}
	}
	if node.Instance != nil && node.Instance.Component == "" {
		node.Instance.Component = "tile"
	}
	work, err := b.store.Work("key")
	if err != nil {
		b.t.Fatal(err)
	}
	defer work.Discard()
	if scratch == "" {
		scratch = b.t.TempDir()
	}
	return Run(b.t.Context(), Job{Node: node, Inputs: inputs, Outputs: work, Scratch: scratch, Components: components, Report: b.report, Repaired: b.repaired})
}

func (b bench) run(node *plan.Node, instance tile, inputs map[string]string) *Result {
	b.t.Helper()
	result, err := b.try(node, instance, "", inputs)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

func (b bench) path(output record.Output) string {
	b.t.Helper()
	open := b.store.File
	if output.Dir {
		open = b.store.Directory
	}
	path, err := open(output)
	if err != nil {
		b.t.Fatal(err)
	}
	return path
}

func rows[T any](b bench, output record.Output) []T {
	b.t.Helper()
	all, err := table.ReadAll[T](b.path(output))
	if err != nil {
		b.t.Fatal(err)
	}
	if len(all) != output.Rows {
		b.t.Errorf("%d rows, the output says %d", len(all), output.Rows)
	}
	return all
}

func sampleNode(prompts, perPrompt int) *plan.Node {
	work := &plan.SampleWork{PerPrompt: perPrompt}
	for i := range prompts {
		work.Prompts = append(work.Prompts, spec.Prompt{Text: fmt.Sprintf("prompt %d", i), Category: "color", Split: "seen", Slots: map[string]string{"n": fmt.Sprint(i)}})
	}
	return &plan.Node{Name: "sample/x", Kind: record.KindSample, Work: work, Seed: 7}
}

func TestSampleDoesNotDependOnBatches(t *testing.T) {
	b := newBench(t)
	first := b.run(sampleNode(50, 3), tile{batch: 1}, nil)
	node := sampleNode(50, 3)
	node.Instance = &plan.Instance{Kind: "sampler", Identity: spec.Identity{Component: sdk.Description{PreferredBatch: 48}}}
	second := b.run(node, tile{batch: 17}, nil)
	if first.Outputs[plan.Images].Digest != second.Outputs[plan.Images].Digest {
		t.Error("another batch, other images")
	}
	images := rows[table.Image](b, first.Outputs[plan.Images])
	if len(images) != 150 || images[4].ID != "color/0001/001" || images[4].Seed != plan.ImageSeed(7, "prompt 1", 1) || images[4].Slots["n"] != "1" {
		t.Errorf("%d images, the fifth %+v", len(images), images[4])
	}
	// The images of fewer prompts are the same images.
	fewer := rows[table.Image](b, b.run(sampleNode(2, 3), tile{}, nil).Outputs[plan.Images])
	for i, image := range fewer {
		if string(image.Image.Bytes) != string(images[i].Image.Bytes) {
			t.Errorf("image %s differs when fewer are drawn", image.ID)
		}
	}
}

func TestSampleGoesOnWhereItWasKilled(t *testing.T) {
	b := newBench(t)
	want := b.run(sampleNode(50, 3), tile{}, nil).Outputs[plan.Images]
	scratch := t.TempDir()
	drawn := 0
	if _, err := b.try(sampleNode(50, 3), tile{drawn: &drawn, after: 100}, scratch, nil); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("got %v", err)
	}
	drawn = 0
	result, err := b.try(sampleNode(50, 3), tile{drawn: &drawn}, scratch, nil)
	if err != nil {
		t.Fatal(err)
	}
	if result.Outputs[plan.Images] != want {
		t.Error("the images differ from those of one go")
	}
	if drawn != 150-partImages {
		t.Errorf("%d images drawn again, want all but the first part of %d", drawn, partImages)
	}
}

// TestADamagedPartIsDrawnAgain: whatever has become of a part in scratch, the images
// are those of one go, and the repair is told once.
func TestADamagedPartIsDrawnAgain(t *testing.T) {
	b := newBench(t)
	want := b.run(sampleNode(50, 3), tile{}, nil).Outputs[plan.Images]
	for name, spoil := range map[string]func([]byte) []byte{
		"cut":      func(p []byte) []byte { return p[:len(p)/2] },
		"emptied":  func([]byte) []byte { return nil },
		"zeros":    func(p []byte) []byte { return make([]byte, len(p)) },
		"a letter": func(p []byte) []byte { return bytes.Replace(p, []byte("prompt"), []byte("prampt"), 1) },
		"a bit":    func(p []byte) []byte { p[len(p)/3] ^= 16; return p },
		"the end":  func(p []byte) []byte { p[len(p)-1] ^= 1; return p },
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			scratch := t.TempDir()
			if _, err := b.try(sampleNode(50, 3), tile{drawn: new(int), after: 140}, scratch, nil); err == nil {
				t.Fatal("it was not killed")
			}
			parts, err := filepath.Glob(filepath.Join(scratch, "images-*"))
			if err != nil || len(parts) != 2 {
				t.Fatal(parts, err)
			}
			content, err := os.ReadFile(parts[0])
			if err != nil {
				t.Fatal(err)
			}
			spoiled := spoil(bytes.Clone(content))
			if bytes.Equal(spoiled, content) { // a column of text may be compressed
				spoiled[len(spoiled)/2] ^= 3
			}
			if err := os.WriteFile(parts[0], spoiled, 0o644); err != nil {
				t.Fatal(err)
			}
			var said []string
			b.repaired = func(text string) { said = append(said, text) }
			drawn := 0
			result, err := b.try(sampleNode(50, 3), tile{drawn: &drawn}, scratch, nil)
			if err != nil {
				t.Fatal(err)
			}
			if result.Outputs[plan.Images] != want {
				t.Error("the images differ from those of one go")
			}
			if drawn != 150-partImages {
				t.Errorf("%d images were drawn again, want a part of %d and the rest", drawn, partImages)
			}
			if len(said) != 1 || !strings.Contains(said[0], "Images ") || !strings.Contains(said[0], "damaged") {
				t.Errorf("it says %q", said)
			}
		})
	}
}

func (b bench) images(prompts, perPrompt int) string {
	return b.path(b.run(sampleNode(prompts, perPrompt), tile{}, nil).Outputs[plan.Images])
}

func scoreNode() *plan.Node {
	return &plan.Node{Name: "score/x", Kind: record.KindScore, Work: &plan.ScoreWork{},
		Instance: &plan.Instance{Kind: "reward", Name: "beauty"}, Range: diag.Range{File: "x.hcl", Start: diag.Position{Line: 5}}}
}

// byID scores an image by its index, which is the end of its ID.
func byID(item sdk.Item) float64 { return float64(len(item.ID)) + float64(item.ID[len(item.ID)-1]) }

func TestScoresAreInTheOrderOfTheirImages(t *testing.T) {
	b := newBench(t)
	images := b.images(3, 4)
	in := map[string]string{plan.Images: images}
	one := b.run(scoreNode(), tile{score: byID}, in).Outputs[plan.Scores]
	many := b.run(scoreNode(), tile{score: byID, batch: 5}, in).Outputs[plan.Scores]
	if one != many {
		t.Error("another batch, another table")
	}
	scores := rows[table.Score](b, one)
	if scores[5].ImageID != "color/0001/001" || scores[5].Prompt != "prompt 1" || scores[5].Category != "color" || scores[5].Split != "seen" {
		t.Errorf("the sixth score is %+v", scores[5])
	}
}

func TestScoreRefusesARewardThatHasLearntNothing(t *testing.T) {
	b := newBench(t)
	same := tile{score: func(sdk.Item) float64 { return 0.25 }}
	_, err := b.try(scoreNode(), same, "", map[string]string{plan.Images: b.images(2, 2)})
	var list diag.List
	if !errors.As(err, &list) || !strings.Contains(list[0].Summary, `gives all 4 images the same score, 0.25`) || list[0].Detail == "" || list[0].Subject.Start.Line != 5 {
		t.Errorf("got %v", err)
	}
	if _, err := b.try(scoreNode(), same, "", map[string]string{plan.Images: b.images(1, 1)}); err != nil {
		t.Errorf("a single image cannot vary: %v", err)
	}
}

// TestNoImages: an empty table is a mistake that says what could not be done.
func TestNoImages(t *testing.T) {
	b := newBench(t)
	empty := filepath.Join(t.TempDir(), "images.parquet")
	if err := table.WriteAll[table.Image](empty, nil); err != nil {
		t.Fatal(err)
	}
	for want, node := range map[string]*plan.Node{
		"No images to score":  scoreNode(),
		"No images to label":  rateNode(1, 1),
		"No images to encode": encodeNode(),
	} {
		if _, err := b.try(node, tile{}, "", map[string]string{plan.Images: empty}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func rateNode(fraction float64, seed uint64) *plan.Node {
	return &plan.Node{Name: "rate/x", Kind: record.KindRate, Work: &plan.RateWork{Fraction: fraction}, Seed: seed}
}

func TestAShareOfLabelsHoldsEverySmallerOne(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(5, 4)}
	labelled := func(fraction float64, seed uint64) map[string]bool {
		ids := map[string]bool{}
		for _, label := range rows[table.Label](b, b.run(rateNode(fraction, seed), tile{batch: 3}, in).Outputs[plan.Labels]) {
			ids[label.ImageID] = true
		}
		return ids
	}
	small, large := labelled(0.22, 1), labelled(0.6, 1)
	if len(small) != 5 || len(large) != 12 || len(labelled(1, 1)) != 20 {
		t.Errorf("%d, %d and %d of 20 images labelled", len(small), len(large), len(labelled(1, 1)))
	}
	for id := range small {
		if !large[id] {
			t.Errorf("%s is in the small share and not in the large one", id)
		}
	}
	other := labelled(0.6, 2)
	same := 0
	for id := range large {
		if other[id] {
			same++
		}
	}
	if same == len(large) {
		t.Error("the seed does not matter")
	}
}

func TestRateFromAFile(t *testing.T) {
	b := newBench(t)
	path := filepath.Join(t.TempDir(), "labels.csv")
	if err := os.WriteFile(path, []byte("image_id,rater,label\ncolor/0000/000,ann,good\ncolor/0000/001,ann,bad\ncolor/0000/001,bob,skip\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	node := &plan.Node{Name: "rate/x", Kind: record.KindRate, Work: &plan.RateWork{Fraction: 1, Path: path}}
	labels := rows[table.Label](b, b.run(node, tile{}, map[string]string{plan.Images: b.images(1, 3)}).Outputs[plan.Labels])
	if len(labels) != 3 || labels[2].Label != "skip" || labels[0].Prompt != "prompt 0" {
		t.Errorf("got %+v", labels)
	}
}

func TestChooseKeepsTheBestOfEachPrompt(t *testing.T) {
	b := newBench(t)
	images := b.images(2, 4)
	scores := b.path(b.run(scoreNode(), tile{score: byID}, map[string]string{plan.Images: images}).Outputs[plan.Scores])
	ids := func(how string, seed uint64) string {
		node := &plan.Node{Name: "choose/x", Kind: record.KindChoose, Work: &plan.ChooseWork{How: how, Keep: 2}, Seed: seed}
		var words []string
		for _, image := range rows[table.Image](b, b.run(node, tile{}, map[string]string{plan.Images: images, plan.Scores: scores}).Outputs[plan.Images]) {
			words = append(words, strings.TrimPrefix(image.ID, "color/"))
		}
		return strings.Join(words, " ")
	}
	if got := ids(plan.ChooseBest, 0); got != "0000/002 0000/003 0001/002 0001/003" {
		t.Errorf("best: %s", got)
	}
	if ids(plan.ChooseRandom, 1) == ids(plan.ChooseRandom, 3) && ids(plan.ChooseRandom, 1) == ids(plan.ChooseRandom, 2) {
		t.Error("the random choice does not depend on the seed")
	}
	if len(strings.Fields(ids(plan.ChooseRandom, 1))) != 4 {
		t.Errorf("random: %s", ids(plan.ChooseRandom, 1))
	}
}

func encodeNode() *plan.Node {
	return &plan.Node{Name: "encode/x", Kind: record.KindEncode, Work: &plan.EncodeWork{}, Instance: &plan.Instance{Kind: "encoder", Name: "clip"}}
}

func TestEncodeKeepsTheOrderOfImages(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(2, 2)}
	images, err := table.ReadAll[table.Image](in[plan.Images])
	if err != nil {
		t.Fatal(err)
	}
	features := rows[table.Feature](b, b.run(encodeNode(), tile{batch: 3}, in).Outputs[plan.Features])
	for i, image := range images {
		if want := []float32{float32(byte(image.Seed)), 1}; features[i].ImageID != image.ID || !slices.Equal(features[i].Vector, want) {
			t.Errorf("row %d is %+v, want %s with %v", i, features[i], image.ID, want)
		}
	}
}
