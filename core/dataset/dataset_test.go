package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// roundTrip writes rows and reads them back.
func roundTrip[T any](t *rapid.T, path string) {
	rows := rapid.SliceOfN(rapid.Make[T](), 0, 40).Draw(t, "rows")
	if err := table.WriteAll(path, rows); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	got, err := table.ReadAll[T](path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
		t.Fatalf("rows changed (-written +read):\n%s", diff)
	}
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.parquet")
	rapid.Check(t, func(t *rapid.T) { roundTrip[CurvePoint](t, path) })
	rapid.Check(t, func(t *rapid.T) { roundTrip[PromptValue](t, path) })
}
