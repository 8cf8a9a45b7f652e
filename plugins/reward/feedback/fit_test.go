package feedback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func itemsOf(images []shown) []sdk.Item {
	items := make([]sdk.Item, len(images))
	for i, image := range images {
		items[i] = image.item
	}
	return items
}

// judged counts the images that somebody did not skip.
func judged(labels []table.Label) int {
	images := map[string]bool{}
	for _, label := range labels {
		if label.Label != string(sdk.LabelSkip) {
			images[label.ImageID] = true
		}
	}
	return len(images)
}

func TestFitLearnsWhatRatersLike(t *testing.T) {
	images, unheard := draw(t, 12, 1), draw(t, 8, 99)
	labels := rate(images, 1)
	r, reports := fitted(t, block(t, nil), tables(t, images, labels, 0))
	scores, err := r.ScoreBatch(t.Context(), itemsOf(unheard))
	if err != nil {
		t.Fatal(err)
	}
	for i, score := range scores {
		if !(score > 0 && score < 1) {
			t.Errorf("score of %q is %v, outside of (0, 1)", unheard[i].row.ID, score)
		}
	}
	if area := areaUnderCurve(scores, unheard); area < 0.9 {
		t.Errorf("area under the curve on new images is %.3f, want above 0.9", area)
	}
	alone, err := r.Score(t.Context(), unheard[70].item)
	if err != nil || math.Abs(alone-scores[70]) > 1e-6 {
		t.Errorf("an image scores %v alone and %v in a batch (%v)", alone, scores[70], err)
	}

	// What the curve says is what the checkpoint holds.
	last := reports[len(reports)-1]
	if last.Step != 300 || last.Steps != 300 {
		t.Errorf("the last report is step %d of %d, want 300 of 300", last.Step, last.Steps)
	}
	lowest, at := math.Inf(1), 0
	for _, p := range reports {
		if mse, ok := p.Values["validation/mse"]; ok && mse < lowest {
			lowest, at = mse, p.Step
		}
	}
	if r.fitted.Fit.Step != at || *r.fitted.Fit.ValidationMSE != lowest || last.Values["validation/kept_mse"] != lowest {
		t.Errorf("kept step %d with squared error %v (reported as %v), want step %d with %v",
			r.fitted.Fit.Step, *r.fitted.Fit.ValidationMSE, last.Values["validation/kept_mse"], at, lowest)
	}
	n := judged(labels)
	if f := r.fitted.Fit; f.ValidationImages != n/10 || f.Images != n-n/10 {
		t.Errorf("%d images learnt from and %d held out of %d, want a tenth held out", f.Images, f.ValidationImages, n)
	}
	for _, name := range []string{"loss", "loss/mse", "learning_rate", "gradient_norm"} {
		if _, ok := last.Values[name]; !ok {
			t.Errorf("the curve has no %s", name)
		}
	}
	if _, ok := last.Values["loss/prompt_classification"]; ok {
		t.Error("the curve has a prompt classification that nobody asked for")
	}
}

func TestPromptClassificationHelpsToTellPromptsApart(t *testing.T) {
	images, unheard := draw(t, 8, 1), draw(t, 8, 99)
	labels := rate(images, 1)
	plain, _ := fitted(t, block(t, nil), tables(t, images, labels, 0))
	helped, reports := fitted(t, block(t, map[string]any{"auxiliary": auxiliary(nil)}), tables(t, images, labels, 0))
	last := reports[len(reports)-1].Values
	if total := last["loss/mse"] + 0.5*last["loss/prompt_classification"]; math.Abs(last["loss"]-total) > 1e-5 {
		t.Errorf("the loss is %v, its terms make %v", last["loss"], total)
	}
	without, with := ranked(t, plain, unheard), ranked(t, helped, unheard)
	t.Logf("share of good images whose own prompt comes first: %.3f without, %.3f with prompt classification", without, with)
	if with <= without {
		t.Errorf("prompts are told apart for %.3f of the images with prompt classification, %.3f without", with, without)
	}
}

// checkpointOf fits for a few steps and returns the checkpoint's files.
func checkpointOf(t *testing.T, images []shown, seed uint64, set map[string]any) []byte {
	t.Helper()
	values := map[string]any{"steps": 12}
	maps.Copy(values, set)
	request := tables(t, images, rate(images, 1), seed)
	if err := opened(t, block(t, values), "").Fit(t.Context(), request, func(sdk.Progress) error { return nil }); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range []string{train.ConfigFile, train.WeightsFile} {
		content, err := os.ReadFile(filepath.Join(request.Output, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}

func TestSameSeedSameCheckpoint(t *testing.T) {
	images := draw(t, 2, 1)
	helped := map[string]any{"auxiliary": auxiliary(nil)}
	first := checkpointOf(t, images, 5, helped)
	if !bytes.Equal(first, checkpointOf(t, images, 5, helped)) {
		t.Error("the same seed gives two checkpoints")
	}
	if bytes.Equal(first, checkpointOf(t, images, 6, helped)) {
		t.Error("two seeds give the same checkpoint")
	}
	if bytes.Equal(first, checkpointOf(t, images, 5, map[string]any{"auxiliary": auxiliary(map[string]any{"on": "logit"})})) {
		t.Error("the softmax of logits gives the same checkpoint as that of rewards")
	}
	plain := checkpointOf(t, images, 5, nil)
	if !bytes.Equal(plain, checkpointOf(t, images, 5, map[string]any{"auxiliary": auxiliary(map[string]any{"weight": 0})})) {
		t.Error("an auxiliary loss of weight 0 gives another checkpoint than none")
	}
}

func TestOptions(t *testing.T) {
	images := draw(t, 2, 1)
	labels := rate(images, 1)
	for name, set := range map[string]map[string]any{
		"more negatives than there are": {"auxiliary": auxiliary(map[string]any{"negatives": 40})},
		"all examples":                  {"auxiliary": auxiliary(map[string]any{"examples": "all"})},
		"one hidden layer":              {"hidden_layers": 1},
		"nothing held out":              {"validation_share": 0},
		"last weights":                  {"early_stopping": false},
		"plain inputs":                  {"standardize": false},
	} {
		t.Run(name, func(t *testing.T) {
			set := maps.Clone(set)
			set["steps"] = 12
			r, reports := fitted(t, block(t, set), tables(t, images, labels, 0))
			if _, err := r.ScoreBatch(t.Context(), itemsOf(images)); err != nil {
				t.Fatal(err)
			}
			switch name {
			case "one hidden layer":
				if r.fitted.HiddenLayers != 1 {
					t.Errorf("the network has %d hidden layers", r.fitted.HiddenLayers)
				}
			case "nothing held out":
				if f := r.fitted.Fit; f.Images != judged(labels) || f.ValidationMSE != nil || f.Step != 12 {
					t.Errorf("the checkpoint says %+v", f)
				}
				if _, ok := reports[len(reports)-1].Values["validation/mse"]; ok {
					t.Error("a validation is reported")
				}
			case "last weights":
				if f := r.fitted.Fit; f.Step != 12 || *f.ValidationMSE != reports[len(reports)-1].Values["validation/mse"] {
					t.Errorf("the checkpoint says %+v", f)
				}
			case "plain inputs":
				if s := r.head.standard; slices.Max(s.mean) != 0 || slices.Min(s.deviation) != 1 {
					t.Errorf("inputs are standardized by %v and %v", s.mean, s.deviation)
				}
			}
		})
	}
}

// TestFitTexts: the negatives of labelled prompts that are no image's prompt, each
// once; none where prompt classification is not asked for.
func TestFitTexts(t *testing.T) {
	var images []shown
	for _, image := range draw(t, 2, 1) {
		if image.row.Slots["object"] != objects[4] || image.row.Slots["color"] == colors[0] {
			images = append(images, image) // of cars, red ones alone
		}
	}
	request := tables(t, images, rate(images, 1), 0)
	for name, one := range map[string]struct {
		set  map[string]any
		want []string
	}{
		"asked":      {map[string]any{"auxiliary": auxiliary(nil)}, []string{"a black car", "a blue car", "a green car", "a white car"}},
		"weightless": {map[string]any{"auxiliary": auxiliary(map[string]any{"weight": 0})}, nil},
		"without":    {nil, nil},
	} {
		got, err := opened(t, block(t, one.set), "").FitTexts(t.Context(), request)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, one.want) {
			t.Errorf("%s: texts are %q, %v; want %q", name, got, err, one.want)
		}
	}
}

// Labels of several raters become shares; skips and images without labels are
// left out; unseen words are not learnt as negatives.
func TestCorpus(t *testing.T) {
	images := draw(t, 1, 1)
	images[24].row.Split = "unseen" // a black car, and nothing else below is black or a car
	label := func(image int, given ...sdk.Label) []table.Label {
		var out []table.Label
		for rater, v := range given {
			out = append(out, table.Label{ImageID: images[image].row.ID, Rater: fmt.Sprint(rater), Label: string(v)})
		}
		return out
	}
	const g, b, s = sdk.LabelGood, sdk.LabelBad, sdk.LabelSkip
	labels := slices.Concat(label(0, g, g, b, s), label(1, s, s), label(2, b), label(6, g, s), label(24, g, b))
	request := tables(t, images, labels, 0)
	c, err := readCorpus(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	c.listTexts(true)
	if err := c.readTexts(t.Context(), request.TextFeatures); err != nil {
		t.Fatal(err)
	}
	want := []float64{2. / 3, 0, 1, 0.5}
	for i, image := range []int{0, 2, 6, 24} {
		e := c.examples[i]
		if e.label != want[i] {
			t.Errorf("label of image %d is %v, want %v", image, e.label, want[i])
		}
		if !slices.Equal(e.image, images[image].item.ImageVector) {
			t.Errorf("image %d has another one's embedding", image)
		}
		if !slices.Equal(c.texts[e.text], sum(strings.Fields(images[image].row.Prompt)...)) {
			t.Errorf("image %d has another prompt's embedding", image)
		}
	}
	if len(c.examples) != 4 || len(c.prompts) != 4 {
		t.Fatalf("%d examples of %d prompts, want 4 of 4", len(c.examples), len(c.prompts))
	}
	if n := len(c.prompts[0].others); n != 3 { // a red cat: green; bird, dog
		t.Errorf("%q has %d negatives, want 3", c.prompts[0].text, n)
	}
	if n := len(c.texts); n != 4+2+1+0+5 {
		// Besides the prompts red cat, red bird, green dog and black car:
		// green cat, red dog; green bird; none new; red and green car, black
		// cat, dog and bird.
		t.Errorf("%d texts, want 12", n)
	}
}

func TestStandard(t *testing.T) {
	examples := []example{{image: []float32{1, 5}, text: 0}, {image: []float32{3, 5}, text: 1}}
	texts := [][]float32{{0}, {10}, {20}}
	s := measure(inputs{ImageWidth: 2, TextWidth: 1}, examples, texts)
	row := []float32{3, 6, 20}
	s.apply(row)
	if want := []float32{1, 1, 3}; !slices.Equal(row, want) {
		t.Errorf("standardized to %v, want %v", row, want)
	}
}

func TestInputs(t *testing.T) {
	image, text := []float32{3, 4}, []float32{0, -2}
	for _, test := range []struct {
		products bool
		want     []float32
	}{
		{false, []float32{3, 4, 0, -2}},
		{true, []float32{3, 4, 0, -2, 0, -0.8}}, // of (0.6, 0.8) and (0, -1)
	} {
		in := inputs{ImageWidth: 2, TextWidth: 2, Products: test.products}
		row := make([]float32, in.width())
		in.write(image, text, row)
		if !slices.Equal(row, test.want) {
			t.Errorf("products %v: %v, want %v", test.products, row, test.want)
		}
	}
}

// TestProductsHelpWithUnseenWords: a head that reads the cosine's terms judges
// images of an object that no label was about better than one that does not.
func TestProductsHelpWithUnseenWords(t *testing.T) {
	var seen, unseen []shown
	for _, image := range draw(t, 40, 1) {
		if image.row.Slots["object"] == objects[0] {
			unseen = append(unseen, image)
		} else {
			seen = append(seen, image)
		}
	}
	request := tables(t, seen, rate(seen, 1), 1)
	plain, _ := fitted(t, block(t, nil), request)
	request.Output = filepath.Join(t.TempDir(), "checkpoint")
	if err := os.Mkdir(request.Output, 0o755); err != nil {
		t.Fatal(err)
	}
	with, _ := fitted(t, block(t, map[string]any{"products": true}), request)
	area := func(r *reward) float64 {
		scores, err := r.ScoreBatch(t.Context(), itemsOf(unseen))
		if err != nil {
			t.Fatal(err)
		}
		return areaUnderCurve(scores, unseen)
	}
	a, b := area(plain), area(with)
	t.Logf("AUC on unseen words: %.3f without products, %.3f with", a, b)
	if b < a+0.05 {
		t.Errorf("AUC on unseen words: %.3f without products, %.3f with", a, b)
	}
}

func TestMistakes(t *testing.T) {
	images := draw(t, 1, 1)
	all := func(label sdk.Label) []table.Label {
		labels := rate(images, 1)
		for i := range labels {
			labels[i].Label = string(label)
		}
		return labels
	}
	for name, one := range map[string]struct {
		set     map[string]any
		request func() sdk.FitRequest
		want    []string
	}{
		"no labels": {nil, func() sdk.FitRequest {
			request := tables(t, images, rate(images, 1), 0)
			request.Sets[0].Labels = ""
			return request
		}, []string{"no labels", "labels = labels.NAME"}},
		"empty labels": {nil, func() sdk.FitRequest { return tables(t, images, nil, 0) }, []string{"no labels to learn from", "empty"}},
		"skipped":      {nil, func() sdk.FitRequest { return tables(t, images, all(sdk.LabelSkip), 0) }, []string{"All 25 labelled images were skipped"}},
		"all bad":      {nil, func() sdk.FitRequest { return tables(t, images, all(sdk.LabelBad), 0) }, []string{"are bad", "Label more images"}},
		"all good":     {nil, func() sdk.FitRequest { return tables(t, images, all(sdk.LabelGood), 0) }, []string{"are good"}},
		"wrong label":  {nil, func() sdk.FitRequest { return tables(t, images, all("fine"), 0) }, []string{`the label "fine"`, "good, bad, skip"}},
		"other images": {nil, func() sdk.FitRequest { return tables(t, images[1:], rate(images, 1), 0) }, []string{images[0].row.ID, "not in the table"}},
		"no slots": {map[string]any{"auxiliary": auxiliary(nil)}, func() sdk.FitRequest {
			bare := slices.Clone(images)
			for i := range bare {
				bare[i].row.Slots = nil
			}
			return tables(t, bare, rate(bare, 1), 0)
		}, []string{"no prompts to tell apart", "template"}},
		"diverged": {map[string]any{"learning_rate": 1e30}, func() sdk.FitRequest { return tables(t, images, rate(images, 1), 0) }, []string{"diverged", "Lower learning_rate"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := opened(t, block(t, one.set), "").Fit(t.Context(), one.request(), func(sdk.Progress) error { return nil })
			if err == nil {
				t.Fatal("the mistake went unnoticed")
			}
			for _, part := range one.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error is %q, want one that says %q", err, part)
				}
			}
		})
	}
}

// Prompts without slots beside others are warned of, and learnt from by their
// labels alone.
func TestSomePromptsWithoutSlots(t *testing.T) {
	images := draw(t, 2, 1)
	for i := range 8 {
		images[i].row.Slots = nil
	}
	config := block(t, map[string]any{"steps": 3, "auxiliary": auxiliary(nil)})
	var warnings []string
	ctx := sdk.WithWarnings(t.Context(), func(text string) { warnings = append(warnings, text) })
	err := opened(t, config, "").Fit(ctx, tables(t, images, rate(images, 1), 0), func(sdk.Progress) error { return nil })
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "4 of 25 labelled prompts have no slot") {
		t.Errorf("warned %q, %v", warnings, err)
	}
}

func TestUnfittedRewardIsRefused(t *testing.T) {
	_, err := opened(t, block(t, nil), "").Score(t.Context(), draw(t, 1, 1)[0].item)
	if err == nil || !strings.Contains(err.Error(), "labels = labels.NAME") {
		t.Errorf("error is %v, want one that says what to write", err)
	}
}

func TestCheckpoint(t *testing.T) {
	images := draw(t, 1, 1)
	config := block(t, map[string]any{"steps": 3})
	request := tables(t, images, rate(images, 1), 0)
	fitted(t, config, request)

	wide := images[0].item
	wide.ImageVector = append(slices.Clone(wide.ImageVector), 0)
	_, err := opened(t, config, request.Output).Score(t.Context(), wide)
	if err == nil || !strings.Contains(err.Error(), "fitted on another encoder") {
		t.Errorf("with another encoder: error is %v", err)
	}

	plugintest.Run(t, sdk.Plugin{Name: "test", Components: []sdk.Component{Component()}}, plugintest.Case{
		Kind: sdk.KindReward, Component: "feedback", Config: config, Checkpoint: request.Output, Encoder: clip{},
		Images:  []sdk.Image{images[0].item.Image, images[7].item.Image, images[12].item.Image},
		Prompts: []sdk.Prompt{images[0].item.Prompt, images[9].item.Prompt},
	}, plugintest.Case{
		Name: "fit", Kind: sdk.KindReward, Component: "feedback", Fit: &sdk.FitRequest{Seed: 1}, Checkpoint: request.Output,
		Config: block(t, map[string]any{"steps": 3, "auxiliary": auxiliary(nil)}), Encoder: clip{},
		Images: []sdk.Image{images[0].item.Image}, Prompts: []sdk.Prompt{images[0].item.Prompt},
	})

	for name, spoil := range map[string]func(config, weights string) (string, string){
		"another class": func(c, w string) (string, string) { return strings.Replace(c, className, "ShapesJudge", 1), w },
		"another size": func(c, w string) (string, string) {
			return strings.Replace(c, `"hidden_units": 64`, `"hidden_units": 65`, 1), w
		},
		"another input": func(c, w string) (string, string) {
			return strings.Replace(c, `"text_width": 24`, `"text_width": 23`, 1), w
		},
		"truncated":     func(c, w string) (string, string) { return c, w[:len(w)-1] },
		"missing layer": func(c, w string) (string, string) { return c, strings.Replace(w, "layers.1.bias", "layers.9.bias", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			read := func(file string) string {
				content, err := os.ReadFile(filepath.Join(request.Output, file))
				if err != nil {
					t.Fatal(err)
				}
				return string(content)
			}
			c, w := spoil(read(train.ConfigFile), read(train.WeightsFile))
			if c == read(train.ConfigFile) && w == read(train.WeightsFile) {
				t.Fatal("nothing was spoilt")
			}
			directory := t.TempDir()
			for file, content := range map[string]string{train.ConfigFile: c, train.WeightsFile: w} {
				if err := os.WriteFile(filepath.Join(directory, file), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Component().Open(t.Context(), sdk.OpenRequest{Config: config, Checkpoint: directory, Backend: backendstest.Name()})
			if err == nil {
				t.Fatal("it was opened")
			}
		})
	}
}

func TestFitEndsWithItsContext(t *testing.T) {
	images := draw(t, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	err := opened(t, block(t, nil), "").Fit(ctx, tables(t, images, rate(images, 1), 0), func(p sdk.Progress) error {
		if p.Step == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that of the context", err)
	}
}
