package sdk_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// TestOpening: what a component tells while it opens reaches whoever watches, and what
// it is opened with reaches the component.
func TestOpening(t *testing.T) {
	var got sdk.OpenRequest
	p := sdk.Plugin{Name: "p", Environment: map[string]string{"libfoo": "1.2"}, Components: []sdk.Component{{
		Description: sdk.Description{Kind: sdk.KindReward, Name: "redness"},
		Open: func(ctx context.Context, r sdk.OpenRequest) (any, error) {
			got = r
			sdk.OpenProgress(ctx, 1, 4)
			sdk.OpenProgress(ctx, 3, 4)
			return redness{}, nil
		},
	}}}
	c := client.New(plugintest.Connect(t, p), client.Options{})
	described, err := c.Describe(t.Context())
	if err != nil || described.Environment["libfoo"] != "1.2" || described.Environment["go"] != runtime.Version() {
		t.Errorf("environment is %v, %v", described.Environment, err)
	}
	var said []string
	ctx := client.WithBusy(t.Context(), func(text string) { said = append(said, text) })
	in, err := c.Open(ctx, client.OpenRequest{Kind: "reward", Component: "redness", OpenRequest: sdk.OpenRequest{Device: "cuda:1", DType: "bfloat16"}})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close(t.Context())
	if want := []string{"opening, 25 %", "opening, 75 %", ""}; !slices.Equal(said, want) {
		t.Errorf("it says %q, want %q", said, want)
	}
	if got.Device != "cuda:1" || got.DType != "bfloat16" {
		t.Errorf("it was opened with %+v", got)
	}
}

// terms is a reward with two parts.
type terms struct{ redness }

func (terms) ScoreParts(_ context.Context, items []sdk.Item) ([]sdk.Score, error) {
	scores := make([]sdk.Score, len(items))
	for i, item := range items {
		scores[i] = sdk.Score{Score: 3, Parts: map[string]float64{"length": float64(len(item.Prompt.Text)), "two": 2}}
	}
	return scores, nil
}

// TestParts: a reward's parts arrive, and one that lists some without giving any is
// refused.
func TestParts(t *testing.T) {
	parts := []string{"length", "two"}
	open := func(value any) func(context.Context, sdk.OpenRequest) (any, error) {
		return func(context.Context, sdk.OpenRequest) (any, error) { return value, nil }
	}
	c := client.New(plugintest.Connect(t, sdk.Plugin{Name: "p", Components: []sdk.Component{
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "terms", Parts: parts, Reads: []sdk.Reading{sdk.ReadImageFeatures}}, Open: open(terms{})},
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "none", Parts: parts}, Open: open(redness{})},
	}}), client.Options{})
	in, err := c.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "terms", Described: sdk.Description{Parts: parts}})
	if err != nil {
		t.Fatal(err)
	}
	items := func(yield func(client.Item, error) bool) {
		yield(client.Item{ID: "a", Prompt: sdk.Prompt{Text: "four"}, ImageVector: []float32{1}}, nil)
	}
	err = in.Score(t.Context(), items, func(_ int, s sdk.Score) error {
		if s.Score != 3 || len(s.Parts) != 2 || s.Parts["length"] != 4 || s.Parts["two"] != 2 {
			t.Errorf("score is %+v", s)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := c.Open(t.Context(), client.OpenRequest{Kind: "reward", Component: "none", Described: sdk.Description{Parts: parts}}); err == nil || !strings.Contains(err.Error(), "has no method ScoreParts") {
		t.Errorf("error is %v", err)
	}
}
