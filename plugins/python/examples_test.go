package python

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// withModels is the Python of an environment with torch, transformers, diffusers and
// open_clip. Without one the test is skipped.
func withModels(t testing.TB) string {
	t.Helper()
	path := os.Getenv("PLUMB_PYTHON_MODELS")
	if path == "" {
		t.Skip("PLUMB_PYTHON_MODELS names no Python with torch, transformers, diffusers and open_clip (.ci/run makes one)")
	}
	return path
}

const offline = "HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error"

// TestPreference compares the rewards of the example, on tiny weights in the forms
// that the published ones have, with what tests/models.py computes in another way.
func TestPreference(t *testing.T) {
	python := withModels(t)
	readable(t, "examples/*.py", "tests/models.py")
	clip, err := filepath.Abs("../ml/models/testdata/tiny-clip")
	if err != nil {
		t.Fatal(err)
	}
	models := t.TempDir()
	run(t, "", []string{"HF_HUB_OFFLINE=1"}, python, "tests/models.py", clip, models)
	var expected struct {
		Prompts []string
		Scores  map[string][]float64
	}
	text, err := os.ReadFile(filepath.Join(models, "expected.json"))
	if err == nil {
		err = json.Unmarshal(text, &expected)
	}
	if err != nil {
		t.Fatal(err)
	}

	h := hosted(t, python, installed(t, python), "examples/preference.py", offline)
	in := func(name string) string { return filepath.Join(models, name) }
	for name, config := range map[string]map[string]any{
		"clip_cosine":  {"model": clip},
		"pickscore":    {"model": clip, "processor": clip},
		"aesthetic":    {"model": clip, "head": in("aesthetic.pth")},
		"hps_v2":       {"weights": in("hps.pt"), "architecture": "tiny-hps", "configuration": in("tiny-hps.json")},
		"image_reward": {"weights": in("imagereward.pt"), "tokenizer": in("bert")},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			request := client.OpenRequest{Kind: "reward", Component: name, OpenRequest: sdk.OpenRequest{Config: text}}
			if name == "pickscore" {
				request.Described.Parts = []string{"cosine"}
			}
			instance, err := h.Open(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			var asked []client.Item
			for i := range 6 { // several at once, and each the same as alone
				png, err := os.ReadFile(in(fmt.Sprintf("%d.png", i%2)))
				if err != nil {
					t.Fatal(err)
				}
				asked = append(asked, client.Item{ID: fmt.Sprint(i), PNG: png, Prompt: sdk.Prompt{Text: expected.Prompts[i%2]}})
			}
			err = instance.Score(t.Context(), each(asked), func(position int, score sdk.Score) error {
				// Pixels are resized by Pillow here and by torchvision there: in floats, and in steps of 1/255.
				if want := expected.Scores[name][position%2]; math.Abs(score.Score-want) > 1e-4*math.Max(1, math.Abs(want)) {
					t.Errorf("image %d has the score %v, want %v", position, score.Score, want)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDiffusersSampler draws with a tiny pipeline: what a seed gives does not depend
// on the others.
func TestDiffusersSampler(t *testing.T) {
	python := withModels(t)
	readable(t, "examples/*.py")
	model, err := filepath.Abs("../ml/models/testdata/tiny-stable-diffusion")
	if err != nil {
		t.Fatal(err)
	}
	h := hosted(t, python, installed(t, python), "examples/diffusers_sampler.py", offline)
	in := open(t, h, "sampler", "diffusers", fmt.Sprintf(`{"model":%q,"steps":2,"guidance":7.5,"negative_prompt":"","size":32}`, model))
	draw := func(seeds ...uint64) map[uint64]sdk.Image {
		var draws []client.Draw
		for _, seed := range seeds {
			draws = append(draws, client.Draw{ID: fmt.Sprint(seed), Seed: seed, Prompt: sdk.Prompt{Text: "a red ring"}})
		}
		drawn := map[uint64]sdk.Image{}
		err := in.Sample(t.Context(), draws, func(position int, image sdk.Image) error {
			drawn[seeds[position]] = image
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return drawn
	}
	together, alone := draw(1, 2, 3, 4, 5), draw(3)
	if len(together) != 5 || together[3].Width != 32 || together[3].Height != 32 {
		t.Fatalf("drew %d images", len(together))
	}
	differs := func(a, b sdk.Image) (most int) {
		for i := range a.RGB {
			most = max(most, max(int(a.RGB[i])-int(b.RGB[i]), int(b.RGB[i])-int(a.RGB[i])))
		}
		return most
	}
	if most := differs(together[3], alone[3]); most > 1 {
		t.Errorf("alone a draw differs by %d levels of 256", most)
	}
	if differs(together[3], together[4]) < 2 {
		t.Error("two seeds gave one image")
	}
}
