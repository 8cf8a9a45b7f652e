package conformance

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// scaled is a reward with a factor and a part.
type scaled struct {
	honest
	Factor float64 `json:"factor"`
}

func (s scaled) ScoreParts(_ context.Context, items []sdk.Item) ([]sdk.Score, error) {
	out := make([]sdk.Score, len(items))
	for i, item := range items {
		out[i] = sdk.Score{Score: s.Factor * mean(item.Image), Parts: map[string]float64{"length": float64(len(item.Prompt.Text))}}
	}
	return out, nil
}

// TestGolden: scores that were written are met, and told one by one where the plugin
// has changed.
func TestGolden(t *testing.T) {
	by := 1.0 // what the plugin makes of a score
	description := sdk.Description{Kind: sdk.KindReward, Name: "r", Parts: []string{"length"}, Schema: sdk.Settings(struct {
		Factor float64 `json:"factor"`
	}{2})}
	p := sdk.Plugin{Name: "p", Components: []sdk.Component{{Description: description, Open: func(_ context.Context, r sdk.OpenRequest) (any, error) {
		s, err := sdk.Decode[scaled](r.Config)
		s.Factor *= by
		return s, err
	}}}}
	c, all, dir := serve(t, p), []sdk.Description{description}, t.TempDir()
	if err := CheckGolden(t.Context(), c, all, dir); err != nil || HasGolden(dir, "r") {
		t.Fatalf("without golden scores: %v", err)
	}
	path, err := WriteGolden(t.Context(), c, description, Case{Kind: sdk.KindReward, Component: "r", Config: []byte(`{"factor":3}`)}, dir)
	if err != nil || !HasGolden(dir, "r") {
		t.Fatal(err)
	}
	golden, err := readGolden(path)
	if err != nil || string(golden.Config) != `{"factor":3}` || len(golden.Images) != 6 || golden.Images[1].Parts["length"] != float64(len(golden.Images[1].Prompt)) {
		t.Errorf("%v: %s %+v", err, golden.Config, golden.Images)
	}
	if err := CheckGolden(t.Context(), c, all, dir); err != nil {
		t.Error(err)
	}
	by = 1.00001 // within the tolerance
	if err := CheckGolden(t.Context(), c, all, dir); err != nil {
		t.Error(err)
	}
	by = 1.01
	var differs *GoldenError
	if err := CheckGolden(t.Context(), c, all, dir); !errors.As(err, &differs) || len(differs.Differences) != 6 || !strings.Contains(differs.Differences[0], `drawing1.png, prompt "a red ring": the score was `) {
		t.Errorf("error is %v", err)
	}
	if err := CheckGolden(t.Context(), c, nil, dir); err == nil || !strings.Contains(err.Error(), `a reward "r", which the plugin does not have`) {
		t.Errorf("of a reward that is gone: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string][2]string{
		"no JSON":          {"{", "["},
		"unknown property": {`"seed"`, `"sead"`},
		"outside":          {"drawing1.png", "../x.png"},
		"not there":        {"drawing1.png", "drawing9.png"},
		"not a tolerance":  {"0.0001", "-1"},
	} {
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), spoil[0], spoil[1], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := CheckGolden(t.Context(), c, all, dir); err == nil || errors.As(err, &differs) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, GoldenDir, "drawing1.png"), []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := CheckGolden(t.Context(), c, all, dir); err == nil || !strings.Contains(err.Error(), "drawing1.png") {
		t.Errorf("an image that is none: %v", err)
	}
}
