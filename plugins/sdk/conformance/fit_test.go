package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestFitTables: the tables that plugins are fitted on are such as stages write.
func TestFitTables(t *testing.T) {
	colours := map[string][3]byte{"red": {220, 30, 30}, "blue": {30, 60, 220}, "green": {40, 170, 60}, "yellow": {240, 210, 40}}
	names := []string{"red", "blue", "green", "yellow"}
	var images []table.Image
	labels := map[string][]table.Label{"fit_labels_none": nil}
	for i := range 24 {
		colour, object := names[i%4], []string{"ring", "heart"}[i/4%2]
		shown := colour
		if i/8 == 1 {
			shown = names[(i+1)%4] // one of three is of another colour
		}
		rgb := make([]byte, 0, 3*32*32)
		for range 32 * 32 {
			pixel := colours[shown]
			rgb = append(rgb, pixel[:]...)
		}
		png, err := imaging.EncodePNG(imaging.Image{Width: 32, Height: 32, RGB: rgb})
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("color/%04d/%03d", i%8, i/8)
		image := table.Image{ID: id, Image: table.File{Path: id + ".png", Bytes: png}, Prompt: "one " + colour + " " + object + " on grass",
			Category: "color", Split: "seen", Slots: map[string]string{"count": "one", "color": colour, "object": object, "background": "on grass"}, Index: int32(i / 8)}
		images = append(images, image)
		label := func(name, rater string, label sdk.Label) {
			labels[name] = append(labels[name], table.Label{ImageID: id, Prompt: image.Prompt, Category: "color", Split: "seen", Rater: rater, Label: string(label)})
		}
		given := sdk.LabelGood
		if shown != colour {
			given = sdk.LabelBad
		}
		for _, rater := range []string{"1", "2"} {
			label("fit_labels", rater, given)
			label("fit_labels_good", rater, sdk.LabelGood)
			label("fit_labels_skipped", rater, sdk.LabelSkip)
		}
	}
	path := func(name string) string { return filepath.Join("testdata", name+".parquet") }
	if *update {
		if err := table.WriteAll(path("fit_images"), images); err != nil {
			t.Fatal(err)
		}
		for name, rows := range labels {
			if err := table.WriteAll(path(name), rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	read, err := table.ReadAll[table.Image](path("fit_images"))
	if err != nil || len(read) != len(images) {
		t.Fatalf("%d images, %v", len(read), err)
	}
	for i, image := range read {
		if image.ID != images[i].ID || image.Prompt != images[i].Prompt || image.Slots["color"] != images[i].Slots["color"] {
			t.Errorf("image %d is %+v", i, image)
		}
	}
	for name, want := range labels {
		if rows, err := table.ReadAll[table.Label](path(name)); err != nil || !slices.Equal(rows, want) {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}

// fitting is a reward that learns how many labels are good, with the mistakes
// that a test asks for.
type fitting struct {
	honest
	restless  bool // another checkpoint each time
	empty     bool // writes nothing
	silent    bool // reports nothing
	credulous bool // learns from anything
	curt      bool // refuses without a way out
	brittle   bool // divides by the number of labels
	fits      int
}

var _ sdk.Fitter = (*fitting)(nil)

func (f *fitting) Fit(_ context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	f.fits++
	count := map[string]int{}
	for label, err := range table.Read[table.Label](r.Sets[0].Labels) {
		if err != nil {
			return err
		}
		count[label.Label]++
	}
	good, all := count["good"], count["good"]+count["bad"]
	switch {
	case f.brittle:
		good /= all
	case f.credulous, good > 0 && good < all:
	case f.curt:
		return errors.New("bad labels")
	default:
		return sdk.Diagnostic{Summary: "There is nothing to learn", Detail: "Have more images labelled."}
	}
	if f.empty {
		return report(sdk.Progress{Step: 1, Steps: 1})
	}
	if !f.silent {
		if err := report(sdk.Progress{Step: 1, Steps: 1}); err != nil {
			return err
		}
	}
	text := fmt.Sprint(good)
	if f.restless {
		text += strings.Repeat("!", f.fits)
	}
	return os.WriteFile(filepath.Join(r.Output, "config.json"), []byte(text), 0o644)
}

func TestFit(t *testing.T) {
	for want, reward := range map[string]*fitting{
		"": {},
		"the same seed, the checkpoint is another: config.json": {restless: true},
		"left its output empty":                                 {empty: true},
		"reports is 0 of 0":                                     {silent: true},
		"labels without a label are learnt from":                {credulous: true},
		"without a detail that says what to do":                 {curt: true},
		"the component panics":                                  {brittle: true},
		"opened from the checkpoint":                            {fits: -100},
	} {
		t.Run(want, func(t *testing.T) {
			open := func(_ context.Context, r sdk.OpenRequest) (any, error) {
				if r.Checkpoint != "" && reward.fits < 0 {
					return forgetting{reward}, nil
				}
				return reward, nil
			}
			p := sdk.Plugin{Name: "p", Version: "1", Components: []sdk.Component{
				{Description: sdk.Description{Kind: sdk.KindReward, Name: "x", Capabilities: []sdk.Capability{sdk.CapabilityFit}}, Open: open},
			}}
			one := Case{Kind: sdk.KindReward, Component: "x", Fit: &sdk.FitRequest{Seed: 3}}
			if want == "" {
				Run(t, p, one)
				return
			}
			request, err := openRequest(described(p, one), one)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkFit(t.Context(), serve(t, p), request, one.filled(described(p, one))); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want one with %q", err, want)
			}
		})
	}
}

// forgetting is a reward that does not find what it has learnt.
type forgetting struct{ *fitting }

func (forgetting) Score(context.Context, sdk.Item) (float64, error) {
	return 0, errors.New("the reward has not been fitted")
}

// listing is a reward whose fit reads more texts than the images' prompts.
type listing struct {
	product
	texts []string
	calls int
	moody bool // lists them in another order each time
}

var _ sdk.TextLister = (*listing)(nil)

func (l *listing) FitTexts(_ context.Context, r sdk.FitRequest) ([]string, error) {
	if r.Sets[0].ImageFeatures != "" || r.TextFeatures != nil {
		return nil, errors.New("there are features before their texts are known")
	}
	texts := slices.Clone(l.texts)
	if l.calls++; l.moody && l.calls%2 == 0 {
		slices.Reverse(texts)
	}
	return texts, nil
}

// Fit learns how many labels are good; it must find features of its own texts, of
// the prompts, and of every image.
func (l *listing) Fit(ctx context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	known := map[string]bool{}
	for _, path := range r.TextFeatures {
		for row, err := range table.Read[table.TextFeature](path) {
			if err != nil {
				return err
			}
			known[row.Text] = len(row.Vector) > 0
		}
	}
	for _, text := range append([]string{"a red circle"}, l.texts...) {
		if !known[text] {
			return fmt.Errorf("%q has no vector", text)
		}
	}
	if rows, err := table.ReadAll[table.Feature](r.Sets[0].ImageFeatures); err != nil || len(rows) != 24 {
		return fmt.Errorf("%d images have vectors: %w", len(rows), err)
	}
	return (&fitting{}).Fit(ctx, r, report)
}

func TestFitTexts(t *testing.T) {
	for want, reward := range map[string]*listing{
		"":                                   {texts: []string{"a red circle", "a blue moon"}},
		"answers twice for text":             {texts: []string{"a blue moon", "a blue moon"}},
		`lists the texts ["a" "b"] and then`: {texts: []string{"a", "b"}, moody: true},
	} {
		t.Run(want, func(t *testing.T) {
			p := sdk.Plugin{Name: "p", Version: "1", Components: []sdk.Component{{
				Description: sdk.Description{Kind: sdk.KindReward, Name: "x", Reads: []sdk.Reading{sdk.ReadImageFeatures, sdk.ReadTextFeatures},
					Capabilities: []sdk.Capability{sdk.CapabilityFit, sdk.CapabilityFitTexts}},
				Open: opening(reward),
			}}}
			one := Case{Kind: sdk.KindReward, Component: "x", Fit: &sdk.FitRequest{}}
			if want == "" {
				Run(t, p, one)
				return
			}
			request, err := openRequest(described(p, one), one)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkFitTexts(t.Context(), serve(t, p), request, one.filled(described(p, one))); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want one with %q", err, want)
			}
		})
	}
}
