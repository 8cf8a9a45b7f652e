package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// sight is an encoder of grey tiles and of numbers in words, and a reward that
// reads its vectors.
type sight struct {
	images, texts *int // encoded
	fitted        *sdk.FitRequest
	list          []string
}

func newSight() sight { return sight{images: new(int), texts: new(int), fitted: new(sdk.FitRequest)} }

var readsFeatures = sdk.Description{
	Kind: sdk.KindReward, Name: "sight", Reads: []sdk.Reading{sdk.ReadImageFeatures, sdk.ReadTextFeatures}, PreferredBatch: 3,
	Capabilities: []sdk.Capability{sdk.CapabilityFit, sdk.CapabilityFitTexts},
}

func (s sight) connect(t *testing.T) *client.Client {
	open := func(context.Context, sdk.OpenRequest) (any, error) { return s, nil }
	return client.New(plugintest.Connect(t, sdk.Plugin{Name: "sight", Version: "1", Components: []sdk.Component{
		{Description: sdk.Description{Kind: sdk.KindEncoder, Name: "sight", Capabilities: []sdk.Capability{sdk.CapabilityTexts}, PreferredBatch: 2}, Open: open},
		{Description: readsFeatures, Open: open},
	}}), client.Options{})
}

func (s sight) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	*s.images += len(images)
	var vectors [][]float32
	for _, image := range images {
		vectors = append(vectors, []float32{float32(image.RGB[0]), 1})
	}
	return vectors, nil
}

func (s sight) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	*s.texts += len(texts)
	var vectors [][]float32
	for _, text := range texts {
		vectors = append(vectors, []float32{float32(len(text)), 2})
	}
	return vectors, nil
}

// Score is the image's grey times 1000 plus the length of its prompt: each item
// must have got its own vectors.
func (s sight) Score(_ context.Context, item sdk.Item) (float64, error) {
	if item.Image.RGB != nil {
		return 0, errors.New("nobody asked for pixels")
	}
	return 1000*float64(item.ImageVector[0]) + float64(item.TextVector[0]), nil
}

func (s sight) FitTexts(_ context.Context, r sdk.FitRequest) ([]string, error) {
	*s.fitted = r
	return s.list, nil
}

func (s sight) Fit(_ context.Context, r sdk.FitRequest, report func(sdk.Progress) error) error {
	*s.fitted = r
	if err := os.WriteFile(filepath.Join(r.Output, "config.json"), nil, 0o644); err != nil {
		return err
	}
	return report(sdk.Progress{Step: 1, Steps: 1, Values: map[string]float64{"loss": 1}})
}

// greys is a table of grey tiles with prompts that come and go.
func greys(t *testing.T) (string, []table.Image) {
	t.Helper()
	var images []table.Image
	for i, prompt := range []string{"one", "three", "one", "eleven", "three", "one", "seventeen"} {
		png, err := imaging.EncodePNG(imaging.Image{Width: 1, Height: 1, RGB: []byte{byte(10 * i), byte(10 * i), byte(10 * i)}})
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, table.Image{ID: fmt.Sprintf("grey/%d", i), Image: table.File{Bytes: png}, Prompt: prompt, Category: "grey", Split: "seen"})
	}
	path := filepath.Join(t.TempDir(), "images.parquet")
	write(t, path, images)
	return path, images
}

func write[T any](t *testing.T, path string, rows []T) {
	t.Helper()
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
}

func sightNode(kind record.Kind, work plan.Work, of string) *plan.Node {
	node := &plan.Node{Name: string(kind) + "/x", Kind: kind, Work: work, Seed: 5, Instance: &plan.Instance{Kind: of, Component: "sight", Name: "sight"}}
	if of == "reward" {
		node.Instance.Identity = spec.Identity{Component: readsFeatures}
	}
	return node
}

// TestEncodeAndScore: every image and every prompt is encoded once, and the reward
// gets of each image its own vectors, and no pixels.
func TestEncodeAndScore(t *testing.T) {
	b, s := newBench(t), newSight()
	path, images := greys(t)
	in := map[string]string{plan.Images: path}
	encoded, err := b.over(s.connect(t), sightNode(record.KindEncode, &plan.EncodeWork{Texts: true}, "encoder"), "", in)
	if err != nil {
		t.Fatal(err)
	}
	if *s.images != 7 || *s.texts != 4 || encoded.Items != 7 {
		t.Errorf("%d images and %d texts were encoded of 7 and 4, %d items", *s.images, *s.texts, encoded.Items)
	}
	var texts []string
	for _, row := range rows[table.TextFeature](b, encoded.Outputs[plan.TextFeatures]) {
		texts = append(texts, row.Text)
	}
	if want := []string{"one", "three", "eleven", "seventeen"}; !slices.Equal(texts, want) {
		t.Errorf("texts are %q, want %q", texts, want)
	}
	in[plan.Features], in[plan.TextFeatures] = b.path(encoded.Outputs[plan.Features]), b.path(encoded.Outputs[plan.TextFeatures])
	scored, err := b.over(s.connect(t), sightNode(record.KindScore, &plan.ScoreWork{}, "reward"), "", in)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows[table.Score](b, scored.Outputs[plan.Scores]) {
		if want := float64(1000*10*i + len(images[i].Prompt)); row.ImageID != images[i].ID || row.Score != want {
			t.Errorf("row %d is %+v, want %s with %v", i, row, images[i].ID, want)
		}
	}
	if *s.images != 7 || *s.texts != 4 {
		t.Error("the reward had something encoded again")
	}
}

// TestFeaturesOfOtherImages: tables of features are held to the images by IDs.
func TestFeaturesOfOtherImages(t *testing.T) {
	b, s := newBench(t), newSight()
	path, images := greys(t)
	features, texts := make([]table.Feature, len(images)), []table.TextFeature{}
	for i, image := range images {
		features[i] = table.Feature{ImageID: image.ID, Vector: []float32{float32(i), 1}}
	}
	for _, text := range []string{"one", "three", "eleven", "seventeen"} {
		texts = append(texts, table.TextFeature{Text: text, Vector: []float32{1, 1}})
	}
	for want, spoil := range map[string]func(f []table.Feature, t []table.TextFeature) ([]table.Feature, []table.TextFeature){
		"": func(f []table.Feature, t []table.TextFeature) ([]table.Feature, []table.TextFeature) { return f, t },
		`features of image "grey/2" stand where those of "grey/1" belong`: func(f []table.Feature, t []table.TextFeature) ([]table.Feature, []table.TextFeature) {
			return slices.Delete(f, 1, 2), t
		},
		`features of image "grey/6": table`: func(f []table.Feature, t []table.TextFeature) ([]table.Feature, []table.TextFeature) {
			return f[:6], t
		},
		`features of the prompt "eleven" stand where those of "three" belong`: func(f []table.Feature, t []table.TextFeature) ([]table.Feature, []table.TextFeature) {
			t[1], t[2] = t[2], t[1]
			return f, t
		},
		`features of the prompt "seventeen": table`: func(f []table.Feature, t []table.TextFeature) ([]table.Feature, []table.TextFeature) {
			return f, t[:3]
		},
	} {
		directory := t.TempDir()
		in := map[string]string{plan.Images: path, plan.Features: filepath.Join(directory, "f"), plan.TextFeatures: filepath.Join(directory, "t")}
		f, x := spoil(slices.Clone(features), slices.Clone(texts))
		write(t, in[plan.Features], f)
		write(t, in[plan.TextFeatures], x)
		_, err := b.over(s.connect(t), sightNode(record.KindScore, &plan.ScoreWork{}, "reward"), "", in)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// TestFitOfFeatures: a reward lists texts, they are encoded, and its fit gets the
// features of images, prompts and texts.
func TestFitOfFeatures(t *testing.T) {
	b, s := newBench(t), newSight()
	path, _ := greys(t)
	labels := filepath.Join(t.TempDir(), "labels.parquet")
	write(t, labels, []table.Label{{ImageID: "grey/1", Label: "good"}})
	in := map[string]string{plan.Images: path, plan.Labels: labels}
	for _, list := range [][]string{nil, {"two", "twelve", "nineteen"}} {
		s.list = list
		*s.texts = 0
		listed, err := b.over(s.connect(t), sightNode(record.KindTexts, &plan.TextsWork{Sets: []plan.FitSet{{Images: plan.Images, Labels: plan.Labels}}}, "reward"), "", in)
		if err != nil {
			t.Fatal(err)
		}
		if s.fitted.Seed != 5 || s.fitted.Sets[0] != (sdk.FitSet{Images: path, Labels: labels}) || listed.Items != len(list) {
			t.Errorf("asked for the texts of %+v, %d items", *s.fitted, listed.Items)
		}
		encoded, err := b.over(s.connect(t), sightNode(record.KindEncode, &plan.EncodeTextsWork{}, "encoder"), "", map[string]string{plan.Texts: b.path(listed.Outputs[plan.Texts])})
		if err != nil {
			t.Fatal(err)
		}
		got := rows[table.TextFeature](b, encoded.Outputs[plan.TextFeatures])
		if len(got) != len(list) || *s.texts != len(list) {
			t.Errorf("%d features of %d texts, %d encoded", len(got), len(list), *s.texts)
		}
		for i, row := range got {
			if row.Text != list[i] || row.Vector[0] != float32(len(list[i])) {
				t.Errorf("row %d is %+v", i, row)
			}
		}
	}
	node := sightNode(record.KindFit, &plan.FitWork{Labels: true, Sets: []plan.FitSet{{Images: plan.Images, Labels: plan.Labels, Features: plan.Features}}}, "reward")
	node.Inputs = []plan.Input{{Role: "text_features", Output: plan.TextFeatures}, {Role: "others", Output: plan.TextFeatures}}
	in[plan.Features], in["text_features"], in["others"] = "f", "t", "o"
	if _, err := b.over(s.connect(t), node, "", in); err != nil {
		t.Fatal(err)
	}
	if s.fitted.Sets[0] != (sdk.FitSet{Images: path, Labels: labels, ImageFeatures: "f"}) || !slices.Equal(s.fitted.TextFeatures, []string{"t", "o"}) {
		t.Errorf("fitted on %+v", *s.fitted)
	}
}

// unopened refuses to open anything.
type unopened struct{}

func (unopened) Open(context.Context, client.OpenRequest) (*client.Instance, error) {
	return nil, errors.New("nothing is to be opened")
}

func TestNoTextsNeedNoEncoder(t *testing.T) {
	b := newBench(t)
	texts := filepath.Join(t.TempDir(), "texts.parquet")
	write[table.ListedText](t, texts, nil)
	result, err := b.over(unopened{}, sightNode(record.KindEncode, &plan.EncodeTextsWork{}, "encoder"), "", map[string]string{plan.Texts: texts})
	if err != nil || len(rows[table.TextFeature](b, result.Outputs[plan.TextFeatures])) != 0 {
		t.Errorf("%+v, %v", result, err)
	}
}
