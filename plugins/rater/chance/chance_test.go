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

// A label depends on the image's ID, its prompt and the seed alone.
func TestLabelStands(t *testing.T) {
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

// Of two images each is chosen as often, whatever the share of good, and raters
// skip pairs as they skip images.
func TestChoices(t *testing.T) {
	opened, err := open(context.Background(), sdk.OpenRequest{Config: json.RawMessage(`{"raters": 2, "good": 0.9, "skip_rate": 0.2}`), Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	const n = 4000
	var pairs []sdk.Pair
	for i := range n {
		pairs = append(pairs, sdk.Pair{ID: fmt.Sprint(i), Prompt: sdk.Prompt{Text: "a cat"}})
	}
	choices, err := opened.(sdk.Comparer).Compare(context.Background(), pairs)
	if err != nil {
		t.Fatal(err)
	}
	got := map[sdk.Choice]float64{}
	for _, both := range choices {
		for _, choice := range both {
			got[choice] += 1.0 / (2 * n)
		}
	}
	for choice, want := range map[sdk.Choice]float64{sdk.ChooseFirst: 0.4, sdk.ChooseSecond: 0.4, sdk.Tie: 0.2} {
		if math.Abs(got[choice]-want) > 4*math.Sqrt(want*(1-want)/(2*n)) {
			t.Errorf("%q is the choice of %.3f, want about %.3f", choice, got[choice], want)
		}
	}
}
