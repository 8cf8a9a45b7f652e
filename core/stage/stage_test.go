package stage

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/plugin"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// tile is an instance that draws and judges 1x1 images. Answers come in the
// order that batch asks for, so that tests can have them out of order.
type tile struct {
	batch   int // answers come in groups of this many, each group last first
	score   func(item plugin.Item) float64
	learn   func(scratch, output string, report func(sdk.Progress) error) error
	prepare func(r sdk.PrepareRequest, report func(sdk.Progress) error) error
	warn    func(draw sdk.Draw) string
	tune    func(r sdk.TuneRequest) error
	drawn   *int
	closed  *bool
}

var _ Instance = tile{}

func (t tile) Facts() map[string]float64 { return map[string]float64{"tile_width": 1} }

func (t tile) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	for _, position := range t.order(len(draws)) {
		if t.drawn != nil {
			*t.drawn++
		}
		if t.warn != nil {
			sdk.Warn(ctx, t.warn(draws[position]))
		}
		seed := draws[position].Seed
		if err := emit(position, sdk.Image{Width: 1, Height: 1, RGB: []byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}}); err != nil {
			return err
		}
	}
	return nil
}

func (t tile) order(n int) []int {
	var order []int
	for start := 0; start < n; start += max(t.batch, 1) {
		for position := min(start+max(t.batch, 1), n) - 1; position >= start; position-- {
			order = append(order, position)
		}
	}
	return order
}

func answer[T any](t tile, items iter.Seq2[plugin.Item, error], of func(plugin.Item) T, emit func(int, T) error) error {
	var read []plugin.Item
	for item, err := range items {
		if err != nil {
			return err
		}
		read = append(read, item)
	}
	for _, position := range t.order(len(read)) {
		if err := emit(position, of(read[position])); err != nil {
			return err
		}
	}
	return nil
}

func (t tile) Score(_ context.Context, items iter.Seq2[plugin.Item, error], emit func(int, float64) error) error {
	return answer(t, items, t.score, emit)
}

func (t tile) Rate(_ context.Context, items iter.Seq2[plugin.Item, error], emit func(int, []sdk.Label) error) error {
	return answer(t, items, func(plugin.Item) []sdk.Label { return []sdk.Label{sdk.LabelGood, sdk.LabelSkip} }, emit)
}

func (t tile) EncodeImages(_ context.Context, items iter.Seq2[plugin.Item, error], emit func(int, []float32) error) error {
	return answer(t, items, func(item plugin.Item) []float32 { return []float32{float32(t.score(item)), 1} }, emit)
}

func (t tile) Fit(_ context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	return t.learn(r.Scratch, r.Output, report)
}

func (t tile) Prepare(_ context.Context, r sdk.PrepareRequest, report func(sdk.Progress) error) error {
	return t.prepare(r, report)
}

func (t tile) Tune(_ context.Context, r sdk.TuneRequest, report func(sdk.Progress) error) error {
	if t.tune != nil {
		return t.tune(r)
	}
	return t.learn(r.Scratch, r.Output, report)
}

func (t tile) Close(context.Context) error {
	if t.closed != nil {
		*t.closed = true
	}
	return nil
}

// Open makes a tile its own opener.
func (t tile) Open(context.Context, plugin.OpenRequest) (Instance, error) { return t, nil }

// bench is a store to put outputs into.
type bench struct {
	t     *testing.T
	store *store.Store
}

func newBench(t *testing.T) bench {
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return bench{t, s}
}

func (b bench) try(node *plan.Node, instance tile, scratch string, inputs map[string]string) (*Result, error) {
	b.t.Helper()
	if node.Instance == nil && node.Kind != plan.Choose {
		node.Instance = &plan.Instance{Kind: "sampler", Name: "one"}
	}
	work, err := b.store.Work("key")
	if err != nil {
		b.t.Fatal(err)
	}
	defer work.Discard()
	if scratch == "" {
		scratch = b.t.TempDir()
	}
	return Run(b.t.Context(), Job{Node: node, Inputs: inputs, Outputs: work, Scratch: scratch, Components: instance})
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
	return &plan.Node{Name: "sample/x", Kind: plan.Sample, Work: work, Seed: 7}
}

func TestSampleDoesNotDependOnBatches(t *testing.T) {
	b := newBench(t)
	first := b.run(sampleNode(50, 3), tile{batch: 1}, nil)
	node := sampleNode(50, 3)
	node.Instance = &plan.Instance{Kind: "sampler", Identity: plan.Identity{Batch: 48}}
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
	killed := errors.New("killed")
	drawn := 0
	failing := failingTile{tile{drawn: &drawn}, 100, killed}
	work, err := b.store.Work("key")
	if err != nil {
		t.Fatal(err)
	}
	defer work.Discard()
	node := sampleNode(50, 3)
	node.Instance = &plan.Instance{Kind: "sampler"}
	if _, err := Run(t.Context(), Job{Node: node, Outputs: work, Scratch: scratch, Components: failing}); !errors.Is(err, killed) {
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

// failingTile fails after some images.
type failingTile struct {
	tile
	after int
	err   error
}

func (f failingTile) Open(context.Context, plugin.OpenRequest) (Instance, error) { return f, nil }

func (f failingTile) Sample(ctx context.Context, draws []sdk.Draw, emit func(int, sdk.Image) error) error {
	return f.tile.Sample(ctx, draws, func(position int, image sdk.Image) error {
		if *f.drawn > f.after {
			return f.err
		}
		return emit(position, image)
	})
}

func (b bench) images(prompts, perPrompt int) string {
	return b.path(b.run(sampleNode(prompts, perPrompt), tile{}, nil).Outputs[plan.Images])
}

func scoreNode() *plan.Node {
	return &plan.Node{Name: "score/x", Kind: plan.Score, Work: &plan.ScoreWork{},
		Instance: &plan.Instance{Kind: "reward", Name: "beauty"}, Range: diag.Range{File: "x.hcl", Start: diag.Position{Line: 5}}}
}

// byID scores an image by its index, which is the end of its ID.
func byID(item plugin.Item) float64 { return float64(len(item.ID)) + float64(item.ID[len(item.ID)-1]) }

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

func TestScoreRefusesWhatIsNoScore(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(2, 2)}
	for _, bad := range []struct {
		score func(plugin.Item) float64
		want  string
	}{
		{func(item plugin.Item) float64 {
			if item.ID == "color/0001/000" {
				return math.NaN()
			}
			return 1
		}, `Reward "beauty" scores image "color/0001/000", prompt "prompt 1", with NaN`},
		{func(plugin.Item) float64 { return math.Inf(1) }, `with +Inf`},
		{func(plugin.Item) float64 { return 0.25 }, `gives all 4 images the same score, 0.25`},
	} {
		_, err := b.try(scoreNode(), tile{score: bad.score}, "", in)
		var list diag.List
		if !errors.As(err, &list) || !strings.Contains(list[0].Summary, bad.want) || list[0].Detail == "" || list[0].Subject.Start.Line != 5 {
			t.Errorf("got %v, want %s", err, bad.want)
		}
	}
	if _, err := b.try(scoreNode(), tile{score: func(plugin.Item) float64 { return 1 }}, "", map[string]string{plan.Images: b.images(1, 1)}); err != nil {
		t.Errorf("a single image cannot vary: %v", err)
	}
}

// short is an instance that answers less than it is asked.
type short struct{ tile }

func (s short) Open(context.Context, plugin.OpenRequest) (Instance, error) { return s, nil }

func (s short) Score(ctx context.Context, items iter.Seq2[plugin.Item, error], emit func(int, float64) error) error {
	return s.tile.Score(ctx, items, func(position int, score float64) error {
		if position == 2 {
			return nil
		}
		return emit(position, score)
	})
}

func TestScoreMissesNoAnswer(t *testing.T) {
	b := newBench(t)
	work, err := b.store.Work("key")
	if err != nil {
		t.Fatal(err)
	}
	defer work.Discard()
	closed := false
	_, err = Run(t.Context(), Job{Node: scoreNode(), Inputs: map[string]string{plan.Images: b.images(2, 2)},
		Outputs: work, Scratch: t.TempDir(), Components: short{tile{score: byID, closed: &closed}}})
	if err == nil || !strings.Contains(err.Error(), "color/0001/000") {
		t.Errorf("got %v", err)
	}
	if !closed {
		t.Error("the instance was left open")
	}
}

func rateNode(fraction float64, seed uint64) *plan.Node {
	return &plan.Node{Name: "rate/x", Kind: plan.Rate, Work: &plan.RateWork{Fraction: fraction}, Seed: seed}
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
	node := &plan.Node{Name: "rate/x", Kind: plan.Rate, Work: &plan.RateWork{Fraction: 1, Path: path}}
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
		node := &plan.Node{Name: "choose/x", Kind: plan.Choose, Work: &plan.ChooseWork{How: how, Keep: 2}, Seed: seed}
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

func TestEncodeRefusesNaN(t *testing.T) {
	b := newBench(t)
	node := &plan.Node{Name: "encode/x", Kind: plan.Encode, Work: &plan.EncodeWork{}, Instance: &plan.Instance{Kind: "encoder", Name: "clip"}}
	in := map[string]string{plan.Images: b.images(2, 2)}
	features := rows[table.Feature](b, b.run(node, tile{score: byID, batch: 3}, in).Outputs[plan.Features])
	if len(features) != 4 || features[1].ImageID != "color/0000/001" || len(features[1].Vector) != 2 {
		t.Errorf("got %+v", features)
	}
	_, err := b.try(node, tile{score: func(plugin.Item) float64 { return math.NaN() }}, "", in)
	if err == nil || !strings.Contains(err.Error(), `Encoder "clip" gives image "color/0000/000"`) {
		t.Errorf("got %v", err)
	}
}
