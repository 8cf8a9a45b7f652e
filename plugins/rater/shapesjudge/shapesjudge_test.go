package shapesjudge

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/shapesworld"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestWeightsThatCannotBeRead: the instance opens, and a call that needs them says why.
func TestWeightsThatCannotBeRead(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	text, err := json.Marshal(config{Raters: 1, Weights: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	instance, err := open(t.Context(), sdk.OpenRequest{Config: text, Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	r := instance.(*raters)
	if facts := r.Facts(); len(facts) != 0 {
		t.Errorf("it has the facts %v", facts)
	}
	if _, err := r.Rate(t.Context(), make([]sdk.Item, 1)); err == nil || !strings.Contains(err.Error(), nowhere) {
		t.Errorf("Rate: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// The shares of choices are those of the model, worked out by hand, and the other
// way round for the images the other way round.
func TestChoices(t *testing.T) {
	r := &raters{config: config{ErrorRate: 0.1, SkipRate: 0.2}, seed: 3}
	const n = 20000
	for _, one := range []struct {
		first, second float64
		want          map[sdk.Choice]float64
	}{
		// Alone good: 0.9 * 0.5 and 0.5 * 0.1; a tenth of each turned round; 0.8 of
		// it not skipped.
		{0.9, 0.5, map[sdk.Choice]float64{sdk.ChooseFirst: 0.8 * (0.9*0.45 + 0.1*0.05), sdk.ChooseSecond: 0.8 * (0.9*0.05 + 0.1*0.45)}},
		{0.5, 0.9, map[sdk.Choice]float64{sdk.ChooseFirst: 0.072, sdk.ChooseSecond: 0.328}},
		{1, 0, map[sdk.Choice]float64{sdk.ChooseFirst: 0.72, sdk.ChooseSecond: 0.08}},
		{1, 1, map[sdk.Choice]float64{sdk.ChooseFirst: 0, sdk.ChooseSecond: 0}},
		{0, 0, map[sdk.Choice]float64{sdk.ChooseFirst: 0, sdk.ChooseSecond: 0}},
	} {
		one.want[sdk.Tie] = 1 - one.want[sdk.ChooseFirst] - one.want[sdk.ChooseSecond]
		got := map[sdk.Choice]float64{}
		for i := range n {
			got[r.choice(one.first, one.second, r.random(fmt.Sprint(i), "a red circle", 0))] += 1.0 / n
		}
		for choice, want := range one.want {
			if math.Abs(got[choice]-want) > 4*math.Sqrt(want*(1-want)/n)+1e-9 {
				t.Errorf("p %v, q %v: %q is the choice of %.4f, want about %.4f", one.first, one.second, choice, got[choice], want)
			}
		}
	}
}

// TestRateRefuses prompts that the world cannot make sense of: nobody could tell whether
// an image shows them.
func TestRateRefuses(t *testing.T) {
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: []byte(`{"raters": 1}`), Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	blank := sdk.Image{Width: shapesworld.Size, Height: shapesworld.Size, RGB: make([]byte, 3*shapesworld.Size*shapesworld.Size)}
	for _, prompt := range []string{"a red unicorn", "", "a red blue ring"} {
		if labels, err := instance.(sdk.Rater).Rate(t.Context(), []sdk.Item{{ID: "x", Prompt: sdk.Prompt{Text: prompt}, Image: blank}}); err == nil {
			t.Errorf("%q gets %v", prompt, labels)
		}
	}
}
