package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func (t tile) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	choices := make([][]sdk.Choice, len(pairs))
	for i, pair := range pairs {
		choices[i] = t.choose(pair)
	}
	return choices, nil
}

func compareNode(perPrompt int) *plan.Node {
	return &plan.Node{Name: "compare/x", Kind: record.KindCompare, Work: &plan.CompareWork{PerPrompt: perPrompt}, Seed: 11,
		Instance: &plan.Instance{Kind: "rater", Name: "crowd"}, Range: diag.Range{File: "x.hcl", Start: diag.Position{Line: 5}}}
}

// byPixels has one rater choose the image whose pixels sort later, and another tie.
func byPixels(pair sdk.Pair) []sdk.Choice {
	choice := sdk.ChooseSecond
	if bytes.Compare(pair.First.RGB, pair.Second.RGB) > 0 {
		choice = sdk.ChooseFirst
	}
	return []sdk.Choice{choice, sdk.Tie}
}

func unordered(rows []table.Comparison) []string {
	var pairs []string
	for _, row := range rows {
		if id := pairID(row.First, row.Second); !slices.Contains(pairs, id) {
			pairs = append(pairs, id)
		}
	}
	return pairs
}

func TestCompare(t *testing.T) {
	b := newBench(t)
	images := b.images(3, 5)
	in := map[string]string{plan.Images: images}
	result := b.run(compareNode(4), tile{choose: byPixels}, in)
	if again := b.run(compareNode(4), tile{choose: byPixels, batch: 7}, in); again.Outputs[plan.Comparisons] != result.Outputs[plan.Comparisons] {
		t.Error("another batch, another table")
	}
	comparisons := rows[table.Comparison](b, result.Outputs[plan.Comparisons])
	if len(comparisons) != 3*4*2 || result.Items != 12 || result.Unit != "pairs" {
		t.Fatalf("%d rows of %d %s", len(comparisons), result.Items, result.Unit)
	}
	pixels := map[string]sdk.Image{}
	for image, err := range table.Read[table.Image](images) {
		if err != nil {
			t.Fatal(err)
		}
		if pixels[image.ID], err = imaging.Decode(image.Image.Bytes, imaging.Exchanged); err != nil {
			t.Fatal(err)
		}
	}
	for i, row := range comparisons {
		if row.First == row.Second || row.First[:10] != row.Second[:10] || row.Prompt != "prompt "+row.First[9:10] || row.Category != "color" || row.Split != "seen" {
			t.Errorf("row %d is %+v", i, row)
		}
		want := byPixels(sdk.Pair{First: pixels[row.First], Second: pixels[row.Second]})[i%2]
		if row.Choice != string(want) || row.Rater != fmt.Sprint(i%2+1) {
			t.Errorf("row %d: rater %s chooses %s, want %s", i, row.Rater, row.Choice, want)
		}
	}
	// Half of the choices are ties, and the two raters never agree.
	want := map[string]float64{"pairs": 12, "tie_share": 0.5, "agreement_share": 0, "tile_width": 1}
	if diff := cmp.Diff(want, result.Facts); diff != "" {
		t.Errorf("facts differ (-want +got):\n%s", diff)
	}
	// What a kill left behind does not matter.
	scratch := b.t.TempDir()
	if err := os.WriteFile(filepath.Join(scratch, "waiting.images"), bytes.Repeat([]byte("x"), 1<<16), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := b.try(compareNode(4), tile{choose: byPixels}, scratch, in)
	if err != nil || again.Outputs[plan.Comparisons] != result.Outputs[plan.Comparisons] {
		t.Errorf("after a kill: %+v, %v", again, err)
	}
	// All pairs of five images are ten; more pairs hold the fewer ones.
	all := rows[table.Comparison](b, b.run(compareNode(99), tile{choose: byPixels}, in).Outputs[plan.Comparisons])
	if len(all) != 3*10*2 {
		t.Errorf("%d rows of all pairs", len(all))
	}
	for _, pair := range unordered(comparisons) {
		if !slices.Contains(unordered(all), pair) {
			t.Errorf("%s is not among all pairs", pair)
		}
	}
	seven := unordered(rows[table.Comparison](b, b.run(compareNode(7), tile{choose: byPixels}, in).Outputs[plan.Comparisons]))
	for _, pair := range unordered(comparisons) {
		if !slices.Contains(seven, pair) {
			t.Errorf("%s is not among seven pairs a prompt", pair)
		}
	}
}

// Which image is shown first is a coin's choice: within four standard errors of a
// half of 1,000 prompts with one pair each.
func TestNoSideIsFavoured(t *testing.T) {
	var images []table.Image
	for i := range 1000 {
		for j := range 2 {
			images = append(images, table.Image{ID: fmt.Sprintf("%04d/%d", i, j), Prompt: fmt.Sprint(i)})
		}
	}
	pairs, err := choosePairs(t.Context(), images, ofEachPrompt(images), 1, 3)
	if err != nil || len(pairs) != 1000 {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	first := 0
	for _, p := range pairs {
		if p.first < p.second {
			first++
		}
	}
	if math.Abs(float64(first)-500) > 4*math.Sqrt(250) {
		t.Errorf("the first image is shown first in %d of 1000 pairs", first)
	}
	slices.Reverse(images)
	again, err := choosePairs(t.Context(), images, ofEachPrompt(images), 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range again { // the other way round in the list, not in what is shown
		if before := pairs[len(pairs)-1-i]; 1999-p.first != before.first {
			t.Fatalf("pair %d is %v in a list the other way round, and %v", i, p, before)
		}
	}
}

// Images of a prompt may stand anywhere in a table, and one may be in several
// pairs; no image is left in scratch.
func TestPairsOfScatteredImages(t *testing.T) {
	b := newBench(t)
	images := make([]table.Image, 40)
	for i := range images {
		png, err := imaging.EncodePNG(sdk.Image{Width: i + 1, Height: 1, RGB: bytes.Repeat([]byte{byte(i)}, 3*(i+1))})
		if err != nil {
			t.Fatal(err)
		}
		images[i] = table.Image{ID: fmt.Sprintf("%02d", i), Prompt: fmt.Sprint("prompt ", i%4), Split: "all", Image: table.File{Bytes: png}}
	}
	path := filepath.Join(t.TempDir(), "images.parquet")
	if err := table.WriteAll(path, images); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	scratch := t.TempDir()
	check := func(pair sdk.Pair) []sdk.Choice {
		first, second := int(pair.First.RGB[0]), int(pair.Second.RGB[0])
		id := pairID(fmt.Sprintf("%02d", first), fmt.Sprintf("%02d", second))
		if pair.ID != id || pair.First.Width != first+1 || pair.Second.Width != second+1 || first%4 != second%4 || pair.Prompt.Text != fmt.Sprint("prompt ", first%4) || seen[id] {
			t.Errorf("pair %s of images %d and %d for %q", pair.ID, first, second, pair.Prompt.Text)
		}
		seen[id] = true
		return []sdk.Choice{sdk.Tie}
	}
	if _, err := b.try(compareNode(1000), tile{choose: check}, scratch, map[string]string{plan.Images: path}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 4*45 {
		t.Errorf("%d pairs, want those of four times ten images", len(seen))
	}
	if _, err := os.Stat(filepath.Join(scratch, "waiting.images")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("images are left in scratch: %v", err)
	}
}

// The file in which images wait is as large as one prompt's images, not as the table.
func TestWaitingImagesBeginAnew(t *testing.T) {
	waiting, err := newWaitingImages(filepath.Join(t.TempDir(), "waiting"))
	if err != nil {
		t.Fatal(err)
	}
	for prompt := range 50 {
		for i := range 4 {
			if err := waiting.put(prompt*4+i, []byte{byte(prompt), byte(i), 7}); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := waiting.get(prompt*4 + 2); err != nil || !bytes.Equal(got, []byte{byte(prompt), 2, 7}) {
			t.Errorf("prompt %d: %v, %v", prompt, got, err)
		}
		for i := range 4 {
			waiting.drop(prompt*4 + i)
		}
	}
	info, err := waiting.file.Stat()
	if err != nil || info.Size() != 12 {
		t.Errorf("the file has %d bytes, %v", info.Size(), err)
	}
	if _, err := waiting.get(1); err == nil {
		t.Error("an image is there that was dropped")
	}
}

func TestCompareWithoutPairs(t *testing.T) {
	b := newBench(t)
	_, err := b.try(compareNode(3), tile{choose: byPixels}, "", map[string]string{plan.Images: b.images(6, 1)})
	var list diag.List
	if !errors.As(err, &list) || list[0].Summary != "No two images of one prompt" || list[0].Subject.Start.Line != 5 {
		t.Errorf("got %v", err)
	}
}

func TestManyImagesOfOnePrompt(t *testing.T) {
	images := make([]table.Image, 3*mostOfPrompt)
	for i := range images {
		images[i].ID = fmt.Sprint(i)
	}
	few, err := choosePairs(t.Context(), images, ofEachPrompt(images), 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	many, err := choosePairs(t.Context(), images, ofEachPrompt(images), 1000, 1)
	if err != nil || len(many) != 1000 {
		t.Fatalf("%d pairs, %v", len(many), err)
	}
	for _, p := range few {
		if !slices.Contains(many, p) {
			t.Errorf("%v is not among more pairs", p)
		}
	}
}

func labelNode(perPrompt int) *plan.Node {
	return &plan.Node{Name: "compare/x", Kind: record.KindCompare, Work: &plan.CompareWork{PerPrompt: perPrompt}, Seed: 11, Range: diag.Range{File: "x.hcl", Start: diag.Position{Line: 5}}}
}

// Of two prompts' images one has a tie and one only skips: the pairs are those of
// the other good and bad ones.
func TestCompareByLabels(t *testing.T) {
	b := newBench(t)
	var labels []table.Label
	add := func(id, prompt string, given ...string) {
		for i, label := range given {
			labels = append(labels, table.Label{ImageID: id, Prompt: prompt, Category: "color", Split: "seen", Rater: fmt.Sprint(i), Label: label})
		}
	}
	add("a1", "a", "good", "good", "bad")
	add("a2", "a", "bad", "skip", "bad")
	add("a3", "a", "good", "bad", "skip") // as many
	add("b1", "b", "good")
	add("b2", "b", "bad", "bad")
	add("b3", "b", "skip", "good")
	add("b4", "b", "skip", "skip") // nobody can tell
	add("c1", "c", "good")
	path := filepath.Join(t.TempDir(), "labels.parquet")
	if err := table.WriteAll(path, labels); err != nil {
		t.Fatal(err)
	}
	node := labelNode(10)
	work, err := b.store.Work("key")
	if err != nil {
		t.Fatal(err)
	}
	defer work.Discard()
	result, err := Run(t.Context(), Job{Node: node, Inputs: map[string]string{plan.Labels: path}, Outputs: work, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, row := range rows[table.Comparison](b, result.Outputs[plan.Comparisons]) {
		better, worse := row.First, row.Second
		if row.Choice == "second" {
			better, worse = worse, better
		}
		got[better] += worse
		if row.Rater != "majority" || row.Prompt != row.First[:1] || row.Category != "color" || row.Split != "seen" {
			t.Errorf("got %+v", row)
		}
	}
	if diff := cmp.Diff(map[string]string{"a1": "a2", "b1": "b2", "b3": "b2"}, got); diff != "" {
		t.Errorf("pairs differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"pairs": 3, "tie_share": 0}, result.Facts); diff != "" {
		t.Errorf("facts differ (-want +got):\n%s", diff)
	}
}

// Three choices of one pair, of which two are the same whichever image is first,
// and one of another.
func TestChoicesAreCounted(t *testing.T) {
	counted, pairs := countByPair([]table.Comparison{
		{First: "a", Second: "b", Choice: "first"},
		{First: "c", Second: "d", Choice: "tie"},
		{First: "b", Second: "a", Choice: "second"},
		{First: "a", Second: "b", Choice: "second"},
	})
	want := map[string]float64{"pairs": 2, "tie_share": 0.25, "agreement_share": 1.0 / 3}
	if diff := cmp.Diff(want, counted.facts()); pairs != 2 || diff != "" {
		t.Errorf("%d pairs, facts differ (-want +got):\n%s", pairs, diff)
	}
}

func TestCompareFromFile(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(2, 3)}
	path := filepath.Join(t.TempDir(), "pairs.csv")
	node := labelNode(0)
	node.Work = &plan.CompareWork{Path: path}
	run := func() (*Result, error) {
		work, err := b.store.Work("key")
		if err != nil {
			t.Fatal(err)
		}
		defer work.Discard()
		return Run(t.Context(), Job{Node: node, Inputs: in, Outputs: work, Scratch: t.TempDir()})
	}
	var list diag.List
	if _, err := run(); !errors.As(err, new(Waiting)) || !errors.As(err, &list) || !strings.HasPrefix(list[0].Summary, "There are no comparisons yet in ") {
		t.Errorf("got %v", err)
	}
	text := "first,second,choice,rater\ncolor/0000/000,color/0000/002,first,ann\ncolor/0000/002,color/0000/000,second,bob\ncolor/0001/000,color/0001/001,,ann\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	result, err := run()
	if err != nil {
		t.Fatal(err)
	}
	want := []table.Comparison{
		{First: "color/0000/000", Second: "color/0000/002", Prompt: "prompt 0", Category: "color", Split: "seen", Rater: "ann", Choice: "first"},
		{First: "color/0000/002", Second: "color/0000/000", Prompt: "prompt 0", Category: "color", Split: "seen", Rater: "bob", Choice: "second"},
	}
	if diff := cmp.Diff(want, rows[table.Comparison](b, result.Outputs[plan.Comparisons])); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"pairs": 1, "tie_share": 0, "agreement_share": 1}, result.Facts); diff != "" {
		t.Errorf("facts differ (-want +got):\n%s", diff)
	}
	if len(result.Warnings) != 1 || result.Warnings[0] != "pairs.csv: 1 of 3 rows have no choice yet. They are left out." {
		t.Errorf("warnings %q", result.Warnings)
	}
}
