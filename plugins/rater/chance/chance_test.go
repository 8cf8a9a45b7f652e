package chance

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

func rate(t *testing.T, config string, seed uint64, items []sdk.Item) [][]sdk.Label {
	t.Helper()
	opened, err := open(context.Background(), sdk.OpenRequest{Config: json.RawMessage(config), Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := opened.(sdk.Rater).Rate(context.Background(), items)
	if err != nil {
		t.Fatal(err)
	}
	return labels
}

// The shares are those that were asked for, within four standard errors, and the
// raters do not agree more often than chance has it.
func TestShares(t *testing.T) {
	var items []sdk.Item
	for i := range 4000 {
		items = append(items, sdk.Item{ID: fmt.Sprint(i), Prompt: sdk.Prompt{Text: "a cat"}})
	}
	const good, skip = 0.3, 0.2
	n, agreed, skipped, first := 0, 0, 0, 0
	for _, labels := range rate(t, `{"raters": 2, "good": 0.3, "skip_rate": 0.2}`, 7, items) {
		if labels[0] == sdk.LabelSkip {
			skipped++
		}
		if labels[0] == sdk.LabelGood {
			first++
		}
		if labels[0] != sdk.LabelSkip && labels[1] != sdk.LabelSkip {
			n++
			if labels[0] == labels[1] {
				agreed++
			}
		}
	}
	for name, share := range map[string]struct {
		got, n int
		want   float64
	}{
		"skipped": {skipped, len(items), skip},
		"good":    {first, len(items) - skipped, good},
		"agreed":  {agreed, n, good*good + (1-good)*(1-good)},
	} {
		if got := float64(share.got) / float64(share.n); math.Abs(got-share.want) > 4*math.Sqrt(share.want*(1-share.want)/float64(share.n)) {
			t.Errorf("%s: %.3f of %d, want about %.3f", name, got, share.n, share.want)
		}
	}
}

// A verdict depends on the image's ID, its prompt and the seed alone.
func TestVerdictStands(t *testing.T) {
	items := []sdk.Item{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "a", Prompt: sdk.Prompt{Text: "a cat"}}}
	const config = `{"raters": 64, "good": 0.5}`
	together := rate(t, config, 1, items)
	for i, item := range items {
		if alone := rate(t, config, 1, []sdk.Item{item}); !cmp.Equal(alone[0], together[i]) {
			t.Errorf("item %d has other labels alone", i)
		}
		if other := rate(t, config, 2, []sdk.Item{item}); cmp.Equal(other[0], together[i]) {
			t.Errorf("item %d has the same labels with another seed", i)
		}
		for j := range i {
			if cmp.Equal(together[i], together[j]) {
				t.Errorf("items %d and %d have the same labels", i, j)
			}
		}
	}
}
