package stage

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// scoresTable writes scores of images i0, i1, ...
func scoresTable(t *testing.T, scores ...float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scores.parquet")
	var rows []table.Score
	for i, score := range scores {
		rows = append(rows, table.Score{ImageID: fmt.Sprintf("i%d", i), Prompt: "a prompt", Category: "c", Split: "seen", Score: score})
	}
	write(t, path, rows)
	return path
}

func blendNode(normalize string, weights ...float64) *plan.Node {
	work := &plan.BlendWork{Normalize: normalize, Reward: "mix", Over: "labelled"}
	for i, weight := range weights {
		term := plan.BlendTerm{Reward: string(rune('a' + i)), Weight: weight, Scores: fmt.Sprintf("scores %d", i)}
		if normalize != spec.NormalizeNone {
			term.Over = fmt.Sprintf("over %d", i)
		}
		work.Terms = append(work.Terms, term)
	}
	return &plan.Node{Name: "blend/x/mix", Kind: record.KindBlend, Work: work, Range: diag.Range{File: "x.hcl", Start: diag.Position{Line: 7}}}
}

func (b bench) blended(node *plan.Node, in map[string]string) ([]float64, error) {
	b.t.Helper()
	work, err := b.store.Work("key")
	if err != nil {
		b.t.Fatal(err)
	}
	defer work.Discard()
	result, err := Run(b.t.Context(), Job{Node: node, Inputs: in, Outputs: work, Scratch: b.t.TempDir()})
	if err != nil {
		return nil, err
	}
	var sums []float64
	for i, row := range rows[table.Score](b, result.Outputs[plan.Scores]) {
		if row.ImageID != fmt.Sprintf("i%d", i) || row.Prompt != "a prompt" || row.Category != "c" || row.Split != "seen" {
			b.t.Errorf("row %d is %+v", i, row)
		}
		sums = append(sums, row.Score)
	}
	return sums, nil
}

// TestBlend against numbers worked out by hand. Over a: mean 4, deviation 2 (of
// 2, 2, 4, 8 - 4 = -2, -2, 0, 4: squares 24 / 4 = 6, hence sqrt 6), lowest 2,
// highest 8. Over b: mean 1, deviation 1, lowest 0, highest 2.
func TestBlend(t *testing.T) {
	b := newBench(t)
	in := map[string]string{
		"scores 0": scoresTable(t, 4, 10), "over 0": scoresTable(t, 2, 2, 4, 8),
		"scores 1": scoresTable(t, 3, 1), "over 1": scoresTable(t, 0, 2),
	}
	root := math.Sqrt(6)
	for _, test := range []struct {
		normalize string
		weights   []float64
		want      []float64
	}{
		{spec.NormalizeNone, []float64{1, 10}, []float64{34, 20}},
		{spec.NormalizeStandard, []float64{0.5, 2}, []float64{0.5*0 + 2*2, 0.5*6/root + 2*0}},
		{spec.NormalizeRange, []float64{3, -1}, []float64{3.*2/6 - 1.5, 3.*8/6 - 0.5}},
		{spec.NormalizeStandard, []float64{0, 1}, []float64{2, 0}},
	} {
		got, err := b.blended(blendNode(test.normalize, test.weights...), in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range test.want {
			if math.Abs(got[i]-test.want[i]) > 1e-14 {
				t.Errorf("%s %v: score %d is %v, want %v", test.normalize, test.weights, i, got[i], test.want[i])
			}
		}
	}
}

func TestBlendRefuses(t *testing.T) {
	b := newBench(t)
	for want, test := range map[string]struct {
		node *plan.Node
		in   map[string]string
	}{
		`Reward "b" gives all 3 images of images.labelled the same score, 0.5`: {blendNode(spec.NormalizeStandard, 1, 1), map[string]string{
			"scores 0": scoresTable(t, 4, 10), "over 0": scoresTable(t, 2, 8),
			"scores 1": scoresTable(t, 4, 10), "over 1": scoresTable(t, 0.5, 0.5, 0.5)}},
		`Reward "a" gives all 1 images of images.labelled the same score, 2`: {blendNode(spec.NormalizeRange, 1), map[string]string{
			"scores 0": scoresTable(t, 4, 10), "over 0": scoresTable(t, 2)}},
		`Reward "mix" gives all 2 images the same score, 14`: {blendNode(spec.NormalizeNone, 1, 1), map[string]string{
			"scores 0": scoresTable(t, 4, 10), "scores 1": scoresTable(t, 10, 4)}},
		`Reward "mix" gives image "i1" the score +Inf`: {blendNode(spec.NormalizeNone, 1e200), map[string]string{"scores 0": scoresTable(t, 4, 1e200)}},
	} {
		_, err := b.blended(test.node, test.in)
		var list diag.List
		if !errors.As(err, &list) || !strings.Contains(list[0].Summary, want) || list[0].Detail == "" || list[0].Subject.Start.Line != 7 {
			t.Errorf("got %v, want %q with a detail and a line", err, want)
		}
	}
	_, err := b.blended(blendNode(spec.NormalizeNone, 1, 1), map[string]string{"scores 0": scoresTable(t, 4, 10), "scores 1": scoresTable(t, 1)})
	if err == nil || !strings.Contains(err.Error(), "scores of 1 images") {
		t.Errorf("tables of other images: %v", err)
	}
	turned := filepath.Join(t.TempDir(), "turned.parquet")
	write(t, turned, []table.Score{{ImageID: "i1", Score: 1}, {ImageID: "i0", Score: 2}})
	_, err = b.blended(blendNode(spec.NormalizeNone, 1, 1), map[string]string{"scores 0": scoresTable(t, 4, 10), "scores 1": turned})
	if err == nil || !strings.Contains(err.Error(), `image "i1"`) {
		t.Errorf("images in another order: %v", err)
	}
}
