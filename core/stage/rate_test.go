package stage

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// labelledBy has a tile label images, and returns the IDs of those that it labels.
func labelledBy(t *testing.T, b bench, work *plan.RateWork, seed uint64, in map[string]string) []string {
	t.Helper()
	node := &plan.Node{Name: "rate/x", Kind: record.KindRate, Work: work, Seed: seed}
	ids := map[string]bool{}
	for _, label := range rows[table.Label](b, b.run(node, tile{batch: 3}, in).Outputs[plan.Labels]) {
		ids[label.ImageID] = true
	}
	return slices.Sorted(maps.Keys(ids))
}

func TestANumberOfLabels(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(5, 4)}
	share := labelledBy(t, b, &plan.RateWork{Fraction: 0.25}, 1, in)
	if got := labelledBy(t, b, &plan.RateWork{Fraction: 1, Count: 5}, 1, in); !slices.Equal(got, share) {
		t.Errorf("5 of 20 images are %q, and a quarter %q", got, share)
	}
	if got := labelledBy(t, b, &plan.RateWork{Fraction: 1, Count: 30}, 1, in); len(got) != 20 {
		t.Errorf("%d of 20 images, asked for 30", len(got))
	}
}

// The scores of twelve images, by the order of the table; of the two that are equally far
// from 0.5 the seed draws one.
func TestLabelsOfWhatIsUncertain(t *testing.T) {
	b := newBench(t)
	images := b.images(3, 4)
	given := []float64{0.9, 0.1, 0.45, 0.625, 0.2, 0.56, 0.375, 0.8, 0.05, 0.95, 0.25, 0.75}
	var scores []table.Score
	var ids []string
	for i, score := range given {
		ids = append(ids, fmt.Sprintf("color/%04d/%03d", i/4, i%4))
		scores = append(scores, table.Score{ImageID: ids[i], Score: score})
	}
	slices.Reverse(scores) // by ID, and not by place
	path := filepath.Join(t.TempDir(), "scores.parquet")
	write(t, path, scores)
	in := map[string]string{plan.Images: images, plan.Scores: path}
	work := func(n int) *plan.RateWork {
		return &plan.RateWork{Fraction: 1, Count: n, Select: spec.SelectUncertain}
	}
	if got, want := labelledBy(t, b, work(2), 1, in), []string{ids[2], ids[5]}; !slices.Equal(got, want) {
		t.Errorf("least sure of %q, want %q", got, want)
	}
	if got, want := labelledBy(t, b, work(4), 7, in), []string{ids[2], ids[3], ids[5], ids[6]}; !slices.Equal(got, want) {
		t.Errorf("least sure of %q, want %q", got, want)
	}
	chosen := map[string]bool{}
	for seed := range uint64(20) {
		for _, id := range labelledBy(t, b, work(3), seed, in) {
			chosen[id] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(chosen)), []string{ids[2], ids[3], ids[5], ids[6]}; !slices.Equal(got, want) {
		t.Errorf("over seeds %q, want %q", got, want)
	}

	// People are asked about the same.
	node := &plan.Node{Name: "rate/x", Kind: record.KindRate, Work: work(2)}
	pictures, err := Pictures(t.Context(), images)
	if err != nil {
		t.Fatal(err)
	}
	items, err := Items(t.Context(), node, About{Pictures: pictures, Scores: path})
	if err != nil || len(items) != 2 || items[0].ID != pictures[2].Blind || items[1].ID != pictures[5].Blind {
		t.Errorf("people are asked about %+v: %v", items, err)
	}

	write(t, path, scores[1:])
	if _, err := b.try(node, tile{}, "", in); err == nil || !strings.Contains(err.Error(), ids[11]) {
		t.Errorf("an image without a score: %v", err)
	}
}
