package stage

import (
	"math"
	"testing"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestPrioritise: what a reward is least sure of comes first, of images and of pairs.
func TestPrioritise(t *testing.T) {
	pictures := []Picture{
		{Image: table.Image{ID: "1"}, Blind: "a"}, {Image: table.Image{ID: "2"}, Blind: "b"},
		{Image: table.Image{ID: "3"}, Blind: "c"}, {Image: table.Image{ID: "4"}, Blind: "d"}, {Image: table.Image{ID: "5"}, Blind: "e"},
	}
	scored := func(scores ...float64) []table.Score {
		var rows []table.Score
		for i, score := range scores {
			rows = append(rows, table.Score{ImageID: pictures[i].ID, Score: score})
		}
		return rows
	}
	item := func(images ...string) people.Item { return people.Item{Images: images} }
	for name, test := range map[string]struct {
		scores []table.Score
		items  []people.Item
		want   []float64
	}{
		"probabilities": {scored(0.1, 0.45, 0.9, 0.75), []people.Item{item("a"), item("b"), item("c"), item("d"), item("e")}, []float64{-0.4, -0.05, -0.4, -0.25, 0}},
		"others":        {scored(-2, 1, 4, 10), []people.Item{item("a"), item("b"), item("c"), item("d")}, []float64{-4.5, -1.5, -1.5, -7.5}}, // the median is 2.5
		"pairs":         {scored(0.1, 0.45, 0.9, 0.75), []people.Item{item("a", "c"), item("b", "c"), item("c", "d"), item("d", "e")}, []float64{-0.8, -0.45, -0.15, 0}},
		"no scores":     {nil, []people.Item{item("a"), item("a", "b")}, []float64{0, 0}},
	} {
		Prioritise(test.items, pictures, test.scores)
		for i, want := range test.want {
			if got := test.items[i].Priority; math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: item %d has %g, want %g", name, i, got, want)
			}
		}
	}
}
