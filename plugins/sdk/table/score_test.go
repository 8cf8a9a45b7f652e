package table

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// TestParts: parts are columns of numbers that everybody reads, in the order of their
// names, and come back.
func TestParts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores.parquet")
	rows := []Score{
		{"a", "a red ring", "color", "seen", 0.25, map[string]float64{"itm": 1, "itc": -2.5}},
		{"b", "a blue ring", "color", "unseen", 0.5, map[string]float64{"itc": 3, "itm": 1e-300}},
	}
	if err := WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
	got, err := ReadAll[Score](path)
	if err != nil || !cmp.Equal(got, rows) {
		t.Errorf("%v %s", err, cmp.Diff(rows, got))
	}
	type pandas struct { // as another program reads it
		ID    string  `parquet:"image_id"`
		Score float64 `parquet:"score"`
		ITC   float64 `parquet:"part_itc"`
		ITM   float64 `parquet:"part_itm"`
	}
	others, err := parquet.ReadFile[pandas](path)
	if want := []pandas{{"a", 0.25, -2.5, 1}, {"b", 0.5, 3, 1e-300}}; err != nil || !cmp.Equal(others, want) {
		t.Errorf("%v %s", err, cmp.Diff(want, others))
	}
	rows[1].Parts = nil
	if err := WriteAll(path, rows); err == nil || !strings.Contains(err.Error(), `image "b" has the parts []`) {
		t.Errorf("rows with other parts: %v", err)
	}
}

// TestPartsRoundTrip: any number of parts and rows.
func TestPartsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching("[a-z][a-z0-9_]{0,9}"), 1, 5, rapid.ID).Draw(t, "names")
		roundTrip(t, dir, "scores", rapid.Custom(func(t *rapid.T) Score {
			score := Score{ImageID: rapid.String().Draw(t, "id"), Prompt: rapid.String().Draw(t, "prompt"), Score: rapid.Float64().Draw(t, "score"), Parts: map[string]float64{}}
			for _, name := range names {
				score.Parts[name] = rapid.Float64().Draw(t, name)
			}
			return score
		}))
	})
}
