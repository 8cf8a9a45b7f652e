package sdk_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// What a component gets is what Pillow 9.4.0 makes of an image, to the byte, in every
// filter and aspect (testdata/resized.py of package imaging).
func TestResized(t *testing.T) {
	text, err := os.ReadFile("imaging/testdata/resized.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			From [2]int
			To   sdk.Input
			RGB  string
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil || len(golden.Cases) == 0 {
		t.Fatalf("%d cases, %v", len(golden.Cases), err)
	}
	for _, test := range golden.Cases {
		image := sdk.Image{Width: test.From[0], Height: test.From[1]}
		for y := range image.Height {
			for x := range image.Width {
				for c := range 3 {
					image.RGB = append(image.RGB, byte((x*7+y*13+c*29)*(x+3*y+1)))
				}
			}
		}
		got := sdk.Resized(image, test.To)
		want, err := hex.DecodeString(test.RGB)
		if err != nil {
			t.Fatal(err)
		}
		if got.Width != test.To.Width || got.Height != test.To.Height || !bytes.Equal(got.RGB, want) {
			t.Errorf("%v to %v: got\n%x, want\n%x", test.From, test.To, got.RGB, want)
		}
	}
}

// sized gives the size of what it gets.
type sized struct{}

func of(image sdk.Image) float64 { return float64(1000*image.Width + image.Height) }

func (sized) Score(_ context.Context, item sdk.Item) (float64, error) { return of(item.Image), nil }

func (sized) Rate(_ context.Context, items []sdk.Item) ([][]sdk.Label, error) {
	return nil, sdk.Errorf("size %v", of(items[0].Image))
}

func (sized) Compare(_ context.Context, pairs []sdk.Pair) ([][]sdk.Choice, error) {
	return nil, sdk.Errorf("sizes %v and %v", of(pairs[0].First), of(pairs[0].Second))
}

func (sized) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	var vectors [][]float32
	for _, image := range images {
		vectors = append(vectors, []float32{float32(of(image))})
	}
	return vectors, nil
}

// Whatever a component does with images, it gets them in the size that it says, from a
// file or from memory; and a host that does not keep to that is told.
func TestInput(t *testing.T) {
	to := sdk.Input{Width: 6, Height: 4, Filter: sdk.FilterBicubic, Aspect: sdk.AspectCrop}
	open := func(context.Context, sdk.OpenRequest) (any, error) { return sized{}, nil }
	c := client.New(plugintest.Connect(t, sdk.Plugin{Name: "p", Components: []sdk.Component{
		{Description: sdk.Description{Kind: sdk.KindReward, Name: "sized", Input: &to}, Open: open},
		{Description: sdk.Description{Kind: sdk.KindRater, Name: "sized", Input: &to, Capabilities: []sdk.Capability{sdk.CapabilityCompare}}, Open: open},
		{Description: sdk.Description{Kind: sdk.KindEncoder, Name: "sized", Input: &to}, Open: open},
	}}), client.Options{})
	described, err := c.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pixels := sdk.Image{Width: 30, Height: 50, RGB: make([]byte, 3*30*50)}
	stored, err := imaging.EncodeStored(pixels)
	if err != nil {
		t.Fatal(err)
	}
	deflated, err := imaging.EncodePNG(sdk.Image{Width: 6, Height: 4, RGB: make([]byte, 3*6*4)})
	if err != nil {
		t.Fatal(err)
	}
	items := func(yield func(client.Item, error) bool) {
		for _, item := range []client.Item{{ID: "a", PNG: stored}, {ID: "b", Pixels: pixels}, {ID: "c", PNG: deflated}} {
			if !yield(item, nil) {
				return
			}
		}
	}
	instance := func(kind sdk.Kind, described sdk.Description) *client.Instance {
		in, err := c.Open(t.Context(), client.OpenRequest{Kind: string(kind), Component: "sized", Described: described})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	answers := 0
	err = instance(sdk.KindReward, described.Components[0]).Score(t.Context(), items, func(_ int, score sdk.Score) error {
		if answers++; score.Score != 6004 {
			t.Errorf("the reward got %v", score.Score)
		}
		return nil
	})
	if err != nil || answers != 3 {
		t.Errorf("%d answers, %v", answers, err)
	}
	rater := instance(sdk.KindRater, described.Components[1])
	if err := rater.Rate(t.Context(), items, nil); err == nil || !strings.Contains(err.Error(), "size 6004") {
		t.Errorf("the rater: %v", err)
	}
	pairs := func(yield func(client.Pair, error) bool) {
		yield(client.Pair{ID: "p", First: stored, Second: deflated}, nil)
	}
	if err := rater.Compare(t.Context(), pairs, nil); err == nil || !strings.Contains(err.Error(), "sizes 6004 and 6004") {
		t.Errorf("of two: %v", err)
	}
	err = instance(sdk.KindEncoder, described.Components[2]).EncodeImages(t.Context(), items, func(_ int, vector []float32) error {
		if vector[0] != 6004 {
			t.Errorf("the encoder got %v", vector)
		}
		return sdk.Errorf("that will do")
	})
	if err == nil || !strings.Contains(err.Error(), "that will do") {
		t.Errorf("the encoder: %v", err)
	}

	err = instance(sdk.KindReward, sdk.Description{}).Score(t.Context(), items, nil)
	if want := `item "a": image has 30 x 50 pixels, and reward "sized" says that it gets 6 x 4`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q", err, want)
	}
}
