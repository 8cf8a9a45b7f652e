package stage

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// brighter has one rater choose the brighter of two images of one pixel, and another tie.
func brighter(pair sdk.Pair) []sdk.Choice {
	choice := sdk.ChooseSecond
	if bytes.Compare(pair.First.RGB, pair.Second.RGB) > 0 {
		choice = sdk.ChooseFirst
	}
	return []sdk.Choice{choice, sdk.Tie}
}

// grey writes a table of images of one pixel, of as many prompts and two a prompt.
func (b bench) grey(name string, levels ...byte) string {
	b.t.Helper()
	var images []table.Image
	for i, level := range levels {
		content, err := imaging.EncodePNG(imaging.Image{Width: 1, Height: 1, RGB: []byte{level, level, level}})
		if err != nil {
			b.t.Fatal(err)
		}
		images = append(images, table.Image{
			ID: fmt.Sprintf("color/%d/%d", i/2, i%2), Image: table.File{Bytes: content}, Prompt: fmt.Sprint("prompt ", i/2), Category: "color", Split: "seen", Index: int32(i % 2),
		})
	}
	path := filepath.Join(b.t.TempDir(), name+".parquet")
	if err := table.WriteAll(path, images); err != nil {
		b.t.Fatal(err)
	}
	return path
}

func preferNode() *plan.Node {
	return &plan.Node{Name: "prefer/main/tuned/base", Kind: record.KindPrefer, Seed: 11, Work: &plan.PreferWork{Model: "tuned", Versus: "base"},
		Instance: &plan.Instance{Kind: "rater", Name: "crowd"}, Range: diag.Range{File: "x.hcl", Start: diag.Position{Line: 5}}}
}

// brightness are two models' images, of which the tuned model's are brighter (b), darker
// (w) or the same (t).
func (b bench) sideBySide(outcomes string) map[string]string {
	var tuned, base []byte
	for i, outcome := range outcomes {
		level := byte(40 + 3*i)
		base = append(base, level)
		tuned = append(tuned, map[rune]byte{'b': level + 100, 'w': level - 30, 't': level}[outcome])
	}
	return map[string]string{plan.Images: b.grey("tuned", tuned...), plan.OtherImages: b.grey("base", base...)}
}

// TestPrefer: a rater's choices speak of the model, whichever image stands first, and
// nobody is asked about two images that are the same, wherever they are in the table.
func TestPrefer(t *testing.T) {
	b := newBench(t)
	const outcomes = "ttbwbbtwbwbbt"
	in := b.sideBySide(outcomes)
	asked := 0
	judge := func(pair sdk.Pair) []sdk.Choice {
		asked++
		if bytes.Equal(pair.First.RGB, pair.Second.RGB) {
			t.Error("somebody was asked about two images that are the same")
		}
		return brighter(pair)
	}
	result := b.run(preferNode(), tile{choose: judge, batch: 3}, in)
	if want := len(outcomes) - strings.Count(outcomes, "t"); asked != want {
		t.Errorf("%d pairs were shown, want %d", asked, want)
	}
	firsts := map[string]int{}
	byImage := map[string][]table.Preference{}
	var order []string
	for _, row := range rows[table.Preference](b, result.Outputs[plan.Preferences]) {
		if byImage[row.ImageID] == nil {
			order = append(order, row.ImageID)
		}
		byImage[row.ImageID] = append(byImage[row.ImageID], row)
		if row.Rater == "1" {
			firsts[row.First]++
		}
	}
	if !slices.IsSorted(order[:10]) || len(order) != len(outcomes) {
		t.Errorf("the order is %q", order)
	}
	for i, outcome := range outcomes {
		got := byImage[fmt.Sprintf("color/%d/%d", i/2, i%2)]
		switch {
		case outcome == 't':
			if len(got) != 1 || got[0].Rater != "" || got[0].Choice != "tie" || got[0].First != "" {
				t.Errorf("the same images: %+v", got)
			}
		case len(got) != 2 || got[0].Choice != map[rune]string{'b': "better", 'w': "worse"}[outcome] || got[1].Choice != "tie" ||
			got[0].Model != "tuned" || got[0].Versus != "base" || got[0].Aspect != "alignment" || got[0].Prompt != fmt.Sprint("prompt ", i/2):
			t.Errorf("%c: %+v", outcome, got)
		}
	}
	if firsts["tuned"] == 0 || firsts["base"] == 0 {
		t.Errorf("shown first: %v", firsts)
	}
	if result.Facts[record.Pairs] != 13 || result.Facts[record.IdenticalPairs] != 4 || result.Facts[record.TieShare] != 0.5 {
		t.Errorf("facts %v", result.Facts)
	}
	if again := b.run(preferNode(), tile{choose: brighter, batch: 7}, in); again.Outputs[plan.Preferences] != result.Outputs[plan.Preferences] {
		t.Error("another batch, another table")
	}
	same := b.run(preferNode(), tile{choose: brighter}, b.sideBySide("tttt"))
	if got := rows[table.Preference](b, same.Outputs[plan.Preferences]); len(got) != 4 || got[3].Choice != "tie" {
		t.Errorf("of the same images alone: %+v", got)
	}
}

// TestPreferWantsTheSameImages: tables of other prompts are not compared.
func TestPreferWantsTheSameImages(t *testing.T) {
	b := newBench(t)
	in := b.sideBySide("bwbw")
	in[plan.OtherImages] = b.grey("base", 1, 2, 3)
	_, err := b.try(preferNode(), tile{choose: brighter}, t.TempDir(), in)
	if err == nil || !strings.Contains(err.Error(), "stands beside none") {
		t.Errorf("%v", err)
	}
}

// TestPreferFromAFile: a sheet of pairs is written, filled in and read, its choices turned
// to speak of the model; a file that is not filled in is waited for.
func TestPreferFromAFile(t *testing.T) {
	b := newBench(t)
	const outcomes = "bwtbbw"
	in := b.sideBySide(outcomes)
	dir := filepath.Join(t.TempDir(), "pairs")
	n, err := labels.WriteBlindPairs([][2]string{{in[plan.Images], in[plan.OtherImages]}}, nil, dir)
	if err != nil || n != 5 {
		t.Fatalf("%d pairs, %v", n, err)
	}
	path := filepath.Join(dir, labels.Pairs)
	node := preferNode()
	node.Instance = nil
	node.Work = &plan.PreferWork{Model: "tuned", Versus: "base", Path: path, Sheet: "evaluate/main/preference"}
	var waiting Waiting
	if _, err := b.try(node, tile{}, t.TempDir(), in); !errors.As(err, &waiting) || waiting.Sheet != "evaluate/main/preference" {
		t.Fatalf("a sheet that nobody has filled in: %v", err)
	}
	// Of the images' pixels, the sheet's reader says which is brighter in alignment, and
	// finds all alike in fidelity.
	level := func(id string) byte {
		content, err := os.ReadFile(filepath.Join(dir, id+".png"))
		if err != nil {
			t.Fatal(err)
		}
		image, err := imaging.Decode(content, imaging.Exchanged)
		if err != nil {
			t.Fatal(err)
		}
		return image.RGB[0]
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sheet, err := csv.NewReader(file).ReadAll()
	if err != nil || len(sheet) != 11 {
		t.Fatalf("%d lines, %v", len(sheet), err)
	}
	var filled bytes.Buffer
	out := csv.NewWriter(&filled)
	out.Write(sheet[0])
	for _, line := range sheet[1:] {
		switch line[3] = "tie"; {
		case line[2] == people.Fidelity:
		case level(line[0]) > level(line[1]):
			line[3] = "first"
		default:
			line[3] = "second"
		}
		out.Write(line)
	}
	out.Flush()
	if err := os.WriteFile(path, filled.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	result, err := b.try(node, tile{}, t.TempDir(), in)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, row := range rows[table.Preference](b, result.Outputs[plan.Preferences]) {
		said[row.Aspect+" "+row.ImageID] = row.Choice
	}
	for i, outcome := range outcomes {
		id := fmt.Sprintf("color/%d/%d", i/2, i%2)
		if got, want := said["alignment "+id], map[rune]string{'b': "better", 'w': "worse", 't': "tie"}[outcome]; got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
		if said["fidelity "+id] != "tie" {
			t.Errorf("fidelity of %s is %q", id, said["fidelity "+id])
		}
	}
}

// TestPreferByPeople: judgements are found by what the images show and speak of the
// model; until every pair has its answers, the stage waits.
func TestPreferByPeople(t *testing.T) {
	b := newBench(t)
	in := b.sideBySide("bwt")
	pairs, err := labels.ReadBlindPairs(in[plan.Images], in[plan.OtherImages], nil)
	if err != nil {
		t.Fatal(err)
	}
	question := people.Question{Name: "evaluate/main/preference", Kind: people.Compare, Aspects: []string{people.Alignment, people.Fidelity}, Raters: 2}
	heard := &plan.Heard{Judgements: map[string][]people.Judgement{}}
	node := preferNode()
	node.Instance = nil
	node.Work = &plan.PreferWork{Model: "tuned", Versus: "base", People: &plan.Asking{Raters: 2, Question: question, Heard: heard, Blind: true}}
	say := func(pair labels.BlindPair, rater, image, fidelity string) {
		images := []string{min(pair.This, pair.Other), max(pair.This, pair.Other)}
		better := people.First
		if image == images[1] {
			better = people.Second
		}
		heard.Judgements[question.Name] = append(heard.Judgements[question.Name], people.Judgement{
			ID: rater + pair.Item(), Question: question.Name, Item: pair.Item(), Images: images, Rater: rater, Purpose: people.Asked,
			Answers: people.Answers{people.Alignment: better, people.Fidelity: fidelity}, Shown: []string{pair.Other, pair.This},
		})
	}
	say(pairs[0], "ann", pairs[0].This, people.Tie)
	say(pairs[0], "bob", pairs[0].This, people.Skip)
	say(pairs[1], "ann", pairs[1].Other, people.Tie)
	var waiting Waiting
	if _, err := b.try(node, tile{}, t.TempDir(), in); !errors.As(err, &waiting) || waiting.List[0].Summary != "1 of 2 pairs waits for 1 more judgement" {
		t.Fatalf("%v", err)
	}
	say(pairs[1], "bob", pairs[1].Other, people.Tie)
	result, err := b.try(node, tile{}, t.TempDir(), in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows[table.Preference](b, result.Outputs[plan.Preferences]) {
		got = append(got, strings.Join([]string{row.ImageID, row.Aspect, row.Rater, row.Choice, row.First}, " "))
	}
	want := []string{
		"color/0/0 alignment ann better base", "color/0/0 alignment bob better base", "color/0/0 fidelity ann tie base", "color/0/0 fidelity bob skip base",
		"color/0/1 alignment ann worse base", "color/0/1 alignment bob worse base", "color/0/1 fidelity ann tie base", "color/0/1 fidelity bob tie base",
		"color/1/0 alignment  tie ", "color/1/0 fidelity  tie ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
