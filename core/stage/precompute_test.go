package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func precomputeNode() *plan.Node {
	return &plan.Node{Name: "precompute/x/base", Kind: record.KindPrecompute, Work: &plan.PrecomputeWork{Images: 4}, Seed: 5,
		Instance: &plan.Instance{Kind: "sampler", Name: "base"}}
}

// copying precomputes an image by copying its ID into a file, in the scratch
// directory at first; it fails before the image of that number.
func copying(fail int, written *int) func(sdk.PrecomputeRequest, func(sdk.Progress) error) error {
	return func(r sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
		images, err := table.ReadAll[table.Image](r.Images)
		if err != nil {
			return err
		}
		for i, image := range images {
			if i == fail {
				return errors.New("killed")
			}
			path := filepath.Join(r.Scratch, fmt.Sprint(i))
			if _, err := os.Stat(path); err != nil {
				*written++
				if err := os.WriteFile(path, []byte(image.ID), 0o644); err != nil {
					return err
				}
			}
			if err := report(sdk.Progress{Step: i + 1, Steps: len(images)}); err != nil {
				return err
			}
		}
		for i := range images {
			if err := os.Rename(filepath.Join(r.Scratch, fmt.Sprint(i)), filepath.Join(r.Output, fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestPrecomputeGoesOnWhereItWasKilled(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(2, 2)}
	written := 0
	want := b.run(precomputeNode(), tile{precompute: copying(-1, &written)}, in)
	if want.Items != 4 || want.Unit != "images" {
		t.Errorf("the result says %+v", want)
	}
	if text, err := os.ReadFile(filepath.Join(b.path(want.Outputs[plan.Precomputed]), "2")); err != nil || string(text) != "color/0001/000" {
		t.Errorf("the third image is %q, %v", text, err)
	}
	scratch := t.TempDir()
	if _, err := b.try(precomputeNode(), tile{precompute: copying(3, &written)}, scratch, in); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("got %v", err)
	}
	written = 0
	again, err := b.try(precomputeNode(), tile{precompute: copying(-1, &written)}, scratch, in)
	if err != nil {
		t.Fatal(err)
	}
	if again.Outputs[plan.Precomputed] != want.Outputs[plan.Precomputed] || written != 1 {
		t.Errorf("%d images were precomputed again; the output is %+v, want %+v", written, again.Outputs[plan.Precomputed], want.Outputs[plan.Precomputed])
	}
}

func TestPrecomputeRefusesWhatIsUnfinished(t *testing.T) {
	b := newBench(t)
	in := map[string]string{plan.Images: b.images(2, 2)}
	for want, precompute := range map[string]func(sdk.PrecomputeRequest, func(sdk.Progress) error) error{
		"finished after 0 of 0 images": func(sdk.PrecomputeRequest, func(sdk.Progress) error) error { return nil },
		"finished after 3 of 4 images": func(_ sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
			return report(sdk.Progress{Step: 3, Steps: 4})
		},
		"left nothing precomputed": func(_ sdk.PrecomputeRequest, report func(sdk.Progress) error) error {
			return report(sdk.Progress{Step: 4, Steps: 4})
		},
	} {
		if _, err := b.try(precomputeNode(), tile{precompute: precompute}, "", in); err == nil || !strings.Contains(err.Error(), `sampler "base"`) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestTuneGetsWhatIsPrecomputed: each image table with its own.
func TestTuneGetsWhatIsPrecomputed(t *testing.T) {
	b := newBench(t)
	node := &plan.Node{Name: "tune/x", Kind: record.KindTune, Instance: &plan.Instance{Kind: "sampler", Name: "base"},
		Work: &plan.TuneWork{Optimizer: []byte(`{}`), Losses: []plan.TuneLoss{
			{Name: "a", Sets: []plan.TuneSet{{Images: "images 1", Precomputed: "precomputed 1", Scores: "scores 1"}, {Images: "images 2", Precomputed: "precomputed 2"}}},
			{Name: "b", Sets: []plan.TuneSet{{Images: "images 2", Precomputed: "precomputed 2", Labels: "labels 1", Comparisons: "comparisons 1"}}},
		}, Reference: &plan.TuneReference{Checkpoint: "reference checkpoint"}}}
	scores := filepath.Join(t.TempDir(), "scores.parquet")
	if err := table.WriteAll(scores, []table.Score{{ImageID: "1", Score: 0.25}, {ImageID: "2", Score: 0.75}}); err != nil {
		t.Fatal(err)
	}
	in := map[string]string{"scores 1": scores, "labels 1": "/l1", "comparisons 1": "/c1", "reference checkpoint": "/r",
		"images 1": "/i1", "images 2": "/i2", "precomputed 1": "/p1", "precomputed 2": "/p2"}
	var got sdk.TuneRequest
	result := b.run(node, tile{tune: func(r sdk.TuneRequest) error {
		got = r
		return os.WriteFile(filepath.Join(r.Output, "weights"), nil, 0o644)
	}}, in)
	want := [][]sdk.TuneSet{
		{{Images: "/i1", Precomputed: "/p1", Scores: scores}, {Images: "/i2", Precomputed: "/p2"}},
		{{Images: "/i2", Precomputed: "/p2", Labels: "/l1", Comparisons: "/c1"}},
	}
	if len(got.Losses) != 2 || !slices.Equal(got.Losses[0].Sets, want[0]) || !slices.Equal(got.Losses[1].Sets, want[1]) || got.Reference == nil || got.Reference.Checkpoint != "/r" {
		t.Errorf("got %+v", got)
	}
	if mean := result.Facts[record.MeanReward]; mean != 0.5 {
		t.Errorf("the mean reward is %v, want 0.5", mean)
	}
	delete(in, "precomputed 2")
	if _, err := b.try(node, tile{}, "", in); err == nil || !strings.Contains(err.Error(), `lacks its input "precomputed 2"`) {
		t.Errorf("got %v", err)
	}
}
