package objective

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// counting is a Policy that numbers images, and has no network.
type counting struct{ ids []string }

func (c *counting) Add(_ context.Context, image table.Image) (int, error) {
	c.ids = append(c.ids, image.ID)
	return len(c.ids) - 1, nil
}
func (c *counting) Inputs([]Draw) ([]any, []float64, error)    { panic("not asked here") }
func (c *counting) Predict([]*Node) (prediction, target *Node) { panic("not asked here") }
func (c *counting) Freeze() error                              { panic("not asked here") }
func (c *counting) Reference([]*Node) *Node                    { panic("not asked here") }

// tables writes six images of two prompts, their scores, labels and comparisons.
func tables(t *testing.T) sdk.TuneSet {
	t.Helper()
	directory := t.TempDir()
	var images []table.Image
	var scores []table.Score
	for i, score := range []float64{0.1, 0.9, 0.5, 0.5, 0.7, 0.3} {
		id, prompt := fmt.Sprint("i", i), []string{"a cat", "a dog"}[i/3]
		images = append(images, table.Image{ID: id, Prompt: prompt, Category: "animals"})
		scores = append(scores, table.Score{ImageID: id, Score: score})
	}
	var labels []table.Label
	for i, said := range []string{"good good bad", "bad", "good bad", "skip skip", "bad bad good"} { // nobody was asked about i5
		for _, label := range strings.Fields(said) {
			labels = append(labels, table.Label{ImageID: fmt.Sprint("i", i), Label: label})
		}
	}
	comparisons := []table.Comparison{
		{First: "i0", Second: "i1", Choice: "second"},
		{First: "i3", Second: "i4", Choice: "first"},
		{First: "i1", Second: "i0", Choice: "tie"}, // the other way round
		{First: "i3", Second: "i4", Choice: "second"},
		{First: "i0", Second: "i2", Choice: "first"},
	}
	set := sdk.TuneSet{
		Images: filepath.Join(directory, "images.parquet"), Scores: filepath.Join(directory, "scores.parquet"),
		Labels: filepath.Join(directory, "labels.parquet"), Comparisons: filepath.Join(directory, "comparisons.parquet"),
	}
	write(t, set.Images, images)
	write(t, set.Scores, scores)
	write(t, set.Labels, labels)
	write(t, set.Comparisons, comparisons)
	return set
}

func write[T any](t *testing.T, path string, rows []T) {
	t.Helper()
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
}

// TestLoad: what each loss learns from in the same tables, and with what factor and
// label.
func TestLoad(t *testing.T) {
	set := tables(t)
	single := func(image int, factor, label float64) Example {
		return Example{Images: []int{image}, Factor: factor, Label: label}
	}
	for _, test := range []struct {
		loss, options string
		want          []Example
	}{
		{"denoising", ``, []Example{single(0, 1, 0), single(1, 1, 0), single(2, 1, 0), single(3, 1, 0), single(4, 1, 0), single(5, 1, 0)}},
		{"pretraining", `{}`, []Example{single(0, 1, 0), single(1, 1, 0), single(2, 1, 0), single(3, 1, 0), single(4, 1, 0), single(5, 1, 0)}},
		{"reward_weighted", `{"weighting":"proportional","temperature":null,"share":null}`, []Example{single(0, 0.2, 0), single(1, 1.8, 0), single(2, 1, 0), single(3, 1, 0), single(4, 1.4, 0), single(5, 0.6, 0)}},
		{"reward_weighted", `{"weighting":"exponential","temperature":1e-4}`, []Example{single(0, 0, 0), single(1, 6, 0), single(2, 0, 0), single(3, 0, 0), single(4, 0, 0), single(5, 0, 0)}},
		{"reward_weighted", `{"weighting":"best","share":0.34}`, []Example{single(1, 1, 0), single(2, 1, 0), single(3, 1, 0), single(4, 1, 0)}},
		{"reward_weighted", `{"weighting":"best"}`, []Example{single(1, 1, 0), single(4, 1, 0)}},
		{"diffusion_kto", ``, []Example{single(0, 1, 1), single(1, 1, -1), single(4, 1, -1)}},
		{"diffusion_dpo", ``, []Example{{Images: []int{1, 0}, Factor: 1, Label: 1}, {Images: []int{0, 2}, Factor: 1, Label: 1}}},
	} {
		policy := &counting{}
		terms, err := Load(t.Context(), sdk.TuneRequest{Losses: []sdk.TuneLoss{{Name: test.loss, Options: []byte(test.options), Sets: []sdk.TuneSet{set}}}}, policy)
		if err != nil {
			t.Errorf("%s %s: %v", test.loss, test.options, err)
			continue
		}
		if got := terms[0].Examples; !alike(got, test.want) {
			t.Errorf("%s %s: %v, want %v", test.loss, test.options, got, test.want)
		}
	}
	// A table of images that two losses read is read once.
	policy := &counting{}
	if _, err := Load(t.Context(), sdk.TuneRequest{Losses: []sdk.TuneLoss{{Name: "denoising", Sets: []sdk.TuneSet{set}}, {Name: "diffusion_dpo", Sets: []sdk.TuneSet{set}}}}, policy); err != nil || len(policy.ids) != 6 {
		t.Errorf("%d images were added, error %v", len(policy.ids), err)
	}
}

func alike(a, b []Example) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !reflect.DeepEqual(a[i].Images, b[i].Images) || a[i].Label != b[i].Label || !(a[i].Factor-b[i].Factor < 1e-12 && b[i].Factor-a[i].Factor < 1e-12) {
			return false
		}
	}
	return true
}

// TestLoadRefuses: what is wrong is named, with what it is wrong about.
func TestLoadRefuses(t *testing.T) {
	set := tables(t)
	with := func(change func(*sdk.TuneSet)) []sdk.TuneSet {
		other := set
		change(&other)
		return []sdk.TuneSet{other}
	}
	comparisons := func(rows ...table.Comparison) []sdk.TuneSet {
		path := filepath.Join(t.TempDir(), "comparisons.parquet")
		write(t, path, rows)
		return with(func(s *sdk.TuneSet) { s.Comparisons = path })
	}
	labels := func(rows ...table.Label) []sdk.TuneSet {
		path := filepath.Join(t.TempDir(), "labels.parquet")
		write(t, path, rows)
		return with(func(s *sdk.TuneSet) { s.Labels = path })
	}
	for _, test := range []struct {
		loss, options string
		sets          []sdk.TuneSet
		want          string
	}{
		{"ddpo", ``, []sdk.TuneSet{set}, `no loss "ddpo"`},
		{"denoising", ``, nil, "no images"},
		{"reward_weighted", ``, with(func(s *sdk.TuneSet) { s.Scores = "" }), "no table of scores"},
		{"diffusion_kto", ``, with(func(s *sdk.TuneSet) { s.Labels = "" }), "no table of labels"},
		{"diffusion_kto", ``, labels(table.Label{ImageID: "i0", Label: "good"}), "1 are good and 0 are bad"},
		{"diffusion_kto", ``, labels(table.Label{ImageID: "i0", Label: "good"}, table.Label{ImageID: "i1", Label: "poor"}), `"poor" is none of the labels`},
		{"diffusion_dpo", ``, with(func(s *sdk.TuneSet) { s.Comparisons = "" }), "no table of comparisons"},
		{"diffusion_dpo", ``, comparisons(table.Comparison{First: "i0", Second: "i4", Choice: "first"}), `different prompts: "a cat" and "a dog"`},
		{"diffusion_dpo", ``, comparisons(table.Comparison{First: "i0", Second: "i9", Choice: "first"}), `"i9"`},
		{"diffusion_dpo", ``, comparisons(table.Comparison{First: "i0", Second: "i1", Choice: "left"}), `"left"`},
		{"diffusion_dpo", ``, comparisons(table.Comparison{First: "i0", Second: "i1", Choice: "tie"}), "no pairs to learn from"},
	} {
		_, err := Load(t.Context(), sdk.TuneRequest{Losses: []sdk.TuneLoss{{Name: test.loss, Options: []byte(test.options), Sets: test.sets}}}, &counting{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: error %v, want one that says %q", test.loss, test.options, err, test.want)
		}
	}
	if _, err := Load(t.Context(), sdk.TuneRequest{}, &counting{}); err == nil {
		t.Error("no loss is accepted")
	}
}
