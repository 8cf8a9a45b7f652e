package shapesworld

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// judgedScenes are eight scenes of one prompt, with labels and comparisons.
func judgedScenes(t *testing.T) sdk.TuneSet {
	t.Helper()
	_, rows := scenesTable(t, 8)
	directory := t.TempDir()
	set := sdk.TuneSet{
		Images: filepath.Join(directory, "images.parquet"), Labels: filepath.Join(directory, "labels.parquet"), Comparisons: filepath.Join(directory, "comparisons.parquet"),
	}
	var labels []table.Label
	var comparisons []table.Comparison
	for i := range rows {
		rows[i].Prompt = "two red moon on grass"
		labels = append(labels, table.Label{ImageID: rows[i].ID, Rater: "1", Label: []string{"good", "bad"}[i%2]})
		if i%2 == 1 {
			comparisons = append(comparisons, table.Comparison{First: rows[i].ID, Second: rows[i-1].ID, Rater: "1", Choice: "second"})
		}
	}
	for _, err := range []error{table.WriteAll(set.Images, rows), table.WriteAll(set.Labels, labels), table.WriteAll(set.Comparisons, comparisons)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return set
}

// TestReferencedLosses: from tables to a step, each loss that compares with a
// reference begins at its known value, and its gradient is the slope of the loss
// against a reference that stays behind. (The offset of diffusion_kto has no
// gradient: here the network is worse than its reference, and the offset is 0.)
func TestReferencedLosses(t *testing.T) {
	config := tinyDenoiser()
	set := judgedScenes(t)
	base := randomDenoiser(t, config)
	weights := func(distance float64) (*model.Store, map[string][]float64) {
		store := randomDenoiser(t, config)
		along := map[string][]float64{}
		var all []*model.Variable
		for v := range store.IterVariables() {
			if (tuneOptions{}).trains(v.Path()) { // what a prompt's words are read as stays
				all = append(all, v)
			}
		}
		slices.SortFunc(all, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
		random := rand.New(rand.NewPCG(1, 2))
		for _, v := range all {
			data := tensors.MustCopyFlatData[float32](v.MustValue())
			direction := make([]float64, len(data))
			for i := range data {
				direction[i] = random.NormFloat64()
				data[i] += float32(distance * direction[i])
			}
			along[v.Path()] = direction
			if err := v.SetValue(tensors.FromFlatDataAndDimensions(data, v.Shape().Dimensions...)); err != nil {
				t.Fatal(err)
			}
		}
		return store, along
	}
	for _, loss := range []struct {
		name, options string
		start         float64
	}{{"diffusion_dpo", `{"beta":100}`, math.Ln2}, {"diffusion_kto", `{"beta":50}`, 0.5}} {
		request := sdk.TuneRequest{
			Losses: []sdk.TuneLoss{{Name: loss.name, Weight: 1, Options: []byte(loss.options), Sets: []sdk.TuneSet{set}}},
			Steps:  1, BatchSize: 8, Optimizer: train.Optimizer{LearningRate: 1e-4, Beta2: 0.99, Epsilon: 1e-8}.JSON(), Seed: 4,
		}
		step := func(store, reference *model.Store) map[string]float64 {
			if reference != nil { // which is taken over
				var err error
				if reference, err = reference.Clone(); err != nil {
					t.Fatal(err)
				}
			}
			var values map[string]float64
			if err := Tune(t.Context(), openBackend(t), config, store, reference, request, func(p sdk.Progress) error {
				values = p.Values
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return values
		}
		store, _ := weights(0)
		if got := step(store, nil)["loss"]; math.Abs(got-loss.start) > 2e-6 {
			t.Errorf("%s: the first loss is %v, want %v", loss.name, got, loss.start)
		}
		store.Finalize()

		const far, h = 0.05, 1e-4
		at := func(distance float64) float64 {
			store, _ := weights(distance)
			defer store.Finalize()
			return step(store, base)["loss"]
		}
		slope := (at(far+h) - at(far-h)) / (2 * h)
		store, along := weights(far)
		step(store, base)
		product := 0.0
		for v := range store.IterVariables() {
			if path, ok := strings.CutPrefix(v.Path(), "/adamw_m"); ok {
				for i, g := range tensors.MustCopyFlatData[float32](v.MustValue()) {
					product += float64(g) * along[path][i]
				}
			}
		}
		store.Finalize()
		t.Logf("%s: slope %.4f, gradient along it %.4f", loss.name, slope, product)
		if !(math.Abs(product-slope) <= 0.02*math.Abs(slope)+2e-3) {
			t.Errorf("%s: the gradient along a direction is %v, the loss has the slope %v", loss.name, product, slope)
		}
	}
}
