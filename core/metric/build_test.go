package metric

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// labelsOf makes the labels of one prompt: images[i] has a letter for each
// rater, g(ood), b(ad), s(kip), or - for none.
func labelsOf(category, prompt, split string, images ...string) []table.Label {
	words := map[rune]string{'g': "good", 'b': "bad", 's': "skip"}
	var labels []table.Label
	for i, letters := range images {
		for rater, letter := range letters {
			if letter == '-' {
				continue
			}
			labels = append(labels, table.Label{
				ImageID: fmt.Sprintf("%s/%s/%d", category, prompt, i), Prompt: prompt, Category: category, Split: split,
				Rater: fmt.Sprint(rater), Label: words[letter],
			})
		}
	}
	return labels
}

// scoresOf makes the scores of one prompt's images.
func scoresOf(category, prompt, split string, values ...float64) []table.Score {
	var scores []table.Score
	for i, value := range values {
		scores = append(scores, table.Score{
			ImageID: fmt.Sprintf("%s/%s/%d", category, prompt, i), Prompt: prompt, Category: category, Split: split, Score: value,
		})
	}
	return scores
}

func shuffled[T any](rows []T, seed uint64) []T {
	random := rand.New(rand.NewPCG(seed, 1))
	moved := make([]T, len(rows))
	for i, j := range random.Perm(len(rows)) {
		moved[i] = rows[j]
	}
	return moved
}

// find returns the one metric of a name and scope.
func find(t *testing.T, metrics []record.Metric, name, category, split string) record.Metric {
	t.Helper()
	var found []record.Metric
	for _, m := range metrics {
		if m.Name == name && m.Category == category && m.Split == split {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d metrics %s %q %q, want 1", len(found), name, category, split)
	}
	return found[0]
}

func wantValue(t *testing.T, m record.Metric, want float64) {
	t.Helper()
	if m.Value == nil {
		t.Errorf("%s %q %q: no value (%s), want %v", m.Name, m.Category, m.Split, m.Note, want)
	} else if !near(*m.Value, want, 1e-12, 1e-12) {
		t.Errorf("%s %q %q: got %v, want %v", m.Name, m.Category, m.Split, *m.Value, want)
	}
}

func wantNone(t *testing.T, m record.Metric) {
	t.Helper()
	if m.Value != nil || m.Low != nil || m.High != nil || m.Note == "" {
		t.Errorf("%s: got value %v, note %q; want no value and a reason", m.Name, m.Value, m.Note)
	}
}

// featuresOf makes the features of images, some of each prompt; of 0, the prompts are
// not known.
func featuresOf(vectors [][]float32, perPrompt int) ImageFeatures {
	var of ImageFeatures
	for i, vector := range vectors {
		id := fmt.Sprintf("image %d", i)
		of.Rows = append(of.Rows, table.Feature{ImageID: id, Vector: vector})
		if perPrompt > 0 {
			of.Images = append(of.Images, table.Image{ID: id, Prompt: fmt.Sprintf("prompt %d", i/perPrompt), Category: "color", Split: "seen"})
		}
	}
	return of
}
