package feedback

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// A world of two attributes. An image's first bytes say what it shows, the rest
// is noise, so that no two images are alike.
var (
	colors  = []string{"red", "green", "blue", "white", "black"}
	objects = []string{"cat", "dog", "bird", "tree", "car"}
)

const imageSide = 4

// width of the world's embeddings.
const width = 24

// direction of an attribute in the space of embeddings.
func direction(word string) []float32 {
	var hash uint64
	for _, b := range []byte(word) {
		hash = hash*131 + uint64(b)
	}
	random := rand.New(rand.NewPCG(hash, 7))
	v := make([]float32, width)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
	return v
}

// clip encodes images and texts as the sum of their attributes' directions;
// images and texts keep a distance, as real encoders do, and images are noisy.
type clip struct{}

func (clip) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	vectors := make([][]float32, len(images))
	for i, image := range images {
		// The modulo is for images that are not of this world, such as the kit's.
		v := sum(colors[int(image.RGB[0])%len(colors)], objects[int(image.RGB[1])%len(objects)], "an image")
		for j := range v {
			v[j] += 0.6 * (float32(image.RGB[2+j])/127.5 - 1)
		}
		vectors[i] = v
	}
	return vectors, nil
}

func (clip) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = sum(strings.Fields(text)...)
	}
	return vectors, nil
}

func sum(words ...string) []float32 {
	total := make([]float32, width)
	for _, word := range words {
		for i, v := range direction(word) {
			total[i] += v
		}
	}
	return total
}

// shown is an image of the world with its prompt and the truth about it.
type shown struct {
	row    table.Image
	item   sdk.Item
	agrees bool
}

// draw draws images for every prompt, most of which show what they should.
func draw(t *testing.T, perPrompt int, seed uint64) []shown {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	var out []shown
	for c, color := range colors {
		for o, object := range objects {
			for n := range perPrompt {
				rgb := make([]byte, 3*imageSide*imageSide)
				for i := range rgb {
					rgb[i] = byte(random.IntN(256))
				}
				rgb[0], rgb[1] = byte(c), byte(o)
				if random.Float64() < 0.35 {
					rgb[0] = byte(random.IntN(len(colors)))
				}
				if random.Float64() < 0.35 {
					rgb[1] = byte(random.IntN(len(objects)))
				}
				png, err := imaging.EncodePNG(imaging.Image{Width: imageSide, Height: imageSide, RGB: rgb})
				if err != nil {
					t.Fatal(err)
				}
				text, slots := "a "+color+" "+object, map[string]string{"color": color, "object": object}
				id := fmt.Sprintf("%s-%d-%d", text, seed, n)
				vectors, _ := clip{}.EncodeImages(t.Context(), []sdk.Image{{Width: imageSide, Height: imageSide, RGB: rgb}})
				out = append(out, shown{
					row: table.Image{ID: id, Image: table.File{Bytes: png}, Prompt: text, Category: "color", Split: "seen", Slots: slots, Index: int32(n)},
					item: sdk.Item{
						ID: id, Prompt: sdk.Prompt{Text: text, Category: "color", Slots: slots},
						Image:       sdk.Image{Width: imageSide, Height: imageSide, RGB: rgb}, // the kit's; the reward gets the vectors
						ImageVector: vectors[0], TextVector: sum(strings.Fields(text)...),
					},
					agrees: rgb[0] == byte(c) && rgb[1] == byte(o),
				})
			}
		}
	}
	return out
}

// rate gives three raters' labels: some err, some skip.
func rate(images []shown, seed uint64) []table.Label {
	random := rand.New(rand.NewPCG(seed, 1))
	var labels []table.Label
	for _, image := range images {
		for _, rater := range []string{"1", "2", "3"} {
			label := sdk.LabelBad
			if image.agrees != (random.Float64() < 0.05) {
				label = sdk.LabelGood
			}
			if random.Float64() < 0.05 {
				label = sdk.LabelSkip
			}
			labels = append(labels, table.Label{ImageID: image.row.ID, Prompt: image.row.Prompt, Category: "color", Split: "seen", Rater: rater, Label: string(label)})
		}
	}
	return labels
}

// tables writes a set's tables and asks for a fit on them.
func tables(t *testing.T, images []shown, labels []table.Label, seed uint64) sdk.FitRequest {
	t.Helper()
	directory := t.TempDir()
	file := func(name string) string { return filepath.Join(directory, name+".parquet") }
	request := sdk.FitRequest{
		Sets:         []sdk.FitSet{{Images: file("images"), Labels: file("labels"), ImageFeatures: file("features")}},
		TextFeatures: []string{file("text_features"), file("more_text_features")},
		Seed:         seed,
		Output:       filepath.Join(directory, "checkpoint"),
	}
	var rows []table.Image
	var features []table.Feature
	texts := make([][]table.TextFeature, 2)
	for _, image := range images {
		rows = append(rows, image.row)
		features = append(features, table.Feature{ImageID: image.row.ID, Vector: image.item.ImageVector})
	}
	for c, color := range colors { // the world's 25 prompts are all that a fit may ask for
		for _, object := range objects {
			text := "a " + color + " " + object
			texts[c%2] = append(texts[c%2], table.TextFeature{Text: text, Vector: sum(strings.Fields(text)...)})
		}
	}
	write(t, request.Sets[0].Images, rows)
	write(t, request.Sets[0].Labels, labels)
	write(t, request.Sets[0].ImageFeatures, features)
	for i, path := range request.TextFeatures {
		write(t, path, texts[i])
	}
	if err := os.Mkdir(request.Output, 0o755); err != nil {
		t.Fatal(err)
	}
	return request
}

// block is a configuration: the schema's defaults, with small sizes for quick
// tests, and then what is set.
func block(t *testing.T, set map[string]any) json.RawMessage {
	t.Helper()
	values := map[string]any{}
	for _, a := range Component().Schema.Attributes {
		values[a.Name] = a.Default
	}
	values["hidden_units"], values["steps"], values["batch_size"] = 64, 300, 32
	for name, value := range set {
		values[name] = value
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// auxiliary is the block of prompt classification: its schema's defaults, and
// then what is set.
func auxiliary(set map[string]any) map[string]any {
	values := map[string]any{}
	for _, a := range Component().Schema.Blocks[0].Body.Attributes {
		values[a.Name] = a.Default
	}
	for name, value := range set {
		values[name] = value
	}
	return map[string]any{"prompt_classification": values}
}

// opened opens the reward.
func opened(t *testing.T, config json.RawMessage, directory string) *reward {
	t.Helper()
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: config, Checkpoint: directory, Backend: backendstest.Name()})
	if err != nil {
		t.Fatal(err)
	}
	r := instance.(*reward)
	t.Cleanup(func() { r.Close() })
	return r
}

// fitted fits a reward and opens its checkpoint.
func fitted(t *testing.T, config json.RawMessage, request sdk.FitRequest) (*reward, []sdk.Progress) {
	t.Helper()
	var reports []sdk.Progress
	err := opened(t, config, "").Fit(t.Context(), request, func(p sdk.Progress) error {
		reports = append(reports, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, config, request.Output), reports
}

// areaUnderCurve is the share of pairs of a good and a bad image of which the
// good one has the higher score.
func areaUnderCurve(scores []float64, images []shown) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	var good, bad, above float64
	for _, i := range order {
		if images[i].agrees {
			good++
			above += bad
		} else {
			bad++
		}
	}
	return above / (good * bad)
}

// ranked is the share of good images whose own prompt scores higher than every
// prompt with one word replaced.
func ranked(t *testing.T, r *reward, images []shown) float64 {
	t.Helper()
	words := slotWords{}
	for _, image := range images {
		words.add(image.row.Slots)
	}
	var items []sdk.Item
	var ends []int
	for _, image := range images {
		if !image.agrees {
			continue
		}
		items = append(items, image.item)
		for _, text := range negatives(image.row.Prompt, image.row.Slots, words) {
			items = append(items, sdk.Item{ID: image.item.ID + text, Prompt: sdk.Prompt{Text: text}, ImageVector: image.item.ImageVector, TextVector: sum(strings.Fields(text)...)})
		}
		ends = append(ends, len(items))
	}
	scores, err := r.ScoreBatch(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	first, start := 0, 0
	for _, end := range ends {
		if scores[start] > slices.Max(scores[start+1:end]) {
			first++
		}
		start = end
	}
	return float64(first) / float64(len(ends))
}

func write[T any](t *testing.T, path string, rows []T) {
	t.Helper()
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
}
