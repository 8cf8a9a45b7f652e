package shapesscenes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/shapesworld"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

func open(t *testing.T, config string) sdk.Sampler {
	t.Helper()
	instance, err := Component().Open(context.Background(), sdk.OpenRequest{Config: json.RawMessage(config)})
	if err != nil {
		t.Fatal(err)
	}
	return instance.(sdk.Sampler)
}

// images renders one image a seed, from seed on.
func images(t *testing.T, sampler sdk.Sampler, prompt string, seed uint64, n int) [][]byte {
	t.Helper()
	var draws []sdk.Draw
	for i := range n {
		draws = append(draws, sdk.Draw{Prompt: sdk.Prompt{Text: prompt}, Seed: seed + uint64(i)})
	}
	out := make([][]byte, n)
	if err := sampler.Sample(context.Background(), draws, func(position int, image sdk.Image) error {
		if image.Width != shapesworld.Size || image.Height != shapesworld.Size {
			t.Errorf("image %d is %dx%d", position, image.Width, image.Height)
		}
		out[position] = image.RGB
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// within reports whether k of n is what a rate gives, up to four deviations.
func within(k, n int, rate float64) bool {
	return math.Abs(float64(k)/float64(n)-rate) <= 4*math.Sqrt(rate*(1-rate)/float64(n))
}

// TestMistakes: how often one is made, and that every other value is as likely.
func TestMistakes(t *testing.T) {
	const draws = 4000
	for _, rate := range []float64{0, 0.05, 0.3, 1} {
		for _, n := range []int{2, 3, 6} {
			for asked := range n {
				counts := make([]int, n)
				for i := range draws {
					got := asked
					mistake(&got, n, rate, rand.New(rand.NewPCG(uint64(i), 2)))
					counts[got]++
				}
				for value, k := range counts {
					want := rate / float64(n-1)
					if value == asked {
						want = 1 - rate
					}
					if !within(k, draws, want) {
						t.Errorf("rate %v, asked for %d of %d: %d of %d draws show %d, want a share of %.3f", rate, asked, n, k, draws, value, want)
					}
				}
			}
		}
	}
	open := -1
	mistake(&open, 3, 1, rand.New(rand.NewPCG(1, 2)))
	if open != -1 {
		t.Errorf("what was left open became %d", open)
	}
}

// TestErrorRates counts what is seen in 4000 images: a background by its mean
// color, whatever else goes wrong.
func TestErrorRates(t *testing.T) {
	for _, test := range []struct {
		config string
		draws  int
		rate   float64
	}{
		{`{"variety": 0.25, "background_error": 0.2}`, 4000, 0.2},
		{`{"variety": 0.25, "count_error": 1, "color_error": 0.5, "object_error": 1}`, 200, 0},
	} {
		wrong := 0
		for _, rgb := range images(t, open(t, test.config), "one red ring at night", 1, test.draws) {
			bright := 0
			for x := range shapesworld.Size { // the first row is background
				bright += int(rgb[3*x+1])
			}
			if bright/shapesworld.Size > 50 { // night is darker than grass, sand and snow
				wrong++
			}
		}
		if !within(wrong, test.draws, test.rate) {
			t.Errorf("%s: %d of %d images are not at night, want a share of %v", test.config, wrong, test.draws, test.rate)
		}
	}
}

func TestSameSeedSameImage(t *testing.T) {
	const config = `{"variety": 1, "color_error": 0.3}`
	many := images(t, open(t, config), "two blue crosses", 10, 20)
	for i, rgb := range images(t, open(t, config), "two blue crosses", 15, 3) { // elsewhere in the batch
		if !bytes.Equal(rgb, many[5+i]) {
			t.Errorf("seed %d gives another image", 15+i)
		}
	}
	if bytes.Equal(many[0], many[1]) {
		t.Error("two seeds give the same image")
	}
	if bytes.Equal(images(t, open(t, config), "one blue cross", 10, 1)[0], many[0]) {
		t.Error("two prompts give the same image")
	}
}

func TestSampleStops(t *testing.T) {
	sampler := open(t, `{"variety": 0.25}`)
	ignore := func(int, sdk.Image) error { return nil }
	one := []sdk.Draw{{Prompt: sdk.Prompt{Text: "one cross"}}}
	err := sampler.Sample(context.Background(), []sdk.Draw{{Prompt: sdk.Prompt{Text: "astronauts riding horses"}}}, ignore)
	if err == nil || !strings.Contains(err.Error(), "astronauts riding horses") || !strings.Contains(err.Error(), "triangle") {
		t.Errorf("a prompt without a word of the world: %v", err)
	}
	stop := errors.New("stop")
	if err := sampler.Sample(context.Background(), one, func(int, sdk.Image) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("when an image is not wanted: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sampler.Sample(ctx, one, ignore); !errors.Is(err, context.Canceled) {
		t.Errorf("when cancelled: %v", err)
	}
	if _, err := Component().Open(context.Background(), sdk.OpenRequest{Config: json.RawMessage(`{"variety": "much"}`)}); err == nil {
		t.Error("a configuration of another type is taken")
	}
}
