package plugin

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
	"github.com/plumb-ml/plumb/core/store"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestRewardsOnEncodersOfOtherPlugins runs two processes: a reward of each stands
// on the encoder of the other. Image i has grey i + 1, and every prompt 8 letters.
func TestRewardsOnEncodersOfOtherPlugins(t *testing.T) {
	h := tinyHost(t, func(o *Options) { o.Plugins = []Entry{self(t, asOther)} })
	catalog, err := h.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(t.TempDir(), "images.parquet")
	var rows []table.Image
	for _, item := range pngs(t, 3) {
		rows = append(rows, table.Image{ID: item.ID, Prompt: item.Prompt.Text, Image: table.File{Bytes: item.PNG}})
	}
	if err := table.WriteAll(images, rows); err != nil {
		t.Fatal(err)
	}
	shelf, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer shelf.Close()
	run := func(kind record.Kind, work plan.Work, of, component string, inputs map[string]string) map[string]string {
		t.Helper()
		identity, ok := catalog.Component(of, component)
		if !ok {
			t.Fatalf("there is no %s %q", of, component)
		}
		outputs, err := shelf.Work(fmt.Sprint(kind, component, len(inputs)))
		if err != nil {
			t.Fatal(err)
		}
		defer outputs.Discard()
		result, err := stage.Run(t.Context(), stage.Job{
			Node: &plan.Node{Name: string(kind), Kind: kind, Work: work, Instance: &plan.Instance{
				Kind: of, Component: component, Name: component, Identity: identity, Config: []byte("{}"),
			}},
			Inputs: inputs, Outputs: outputs, Scratch: t.TempDir(), Components: h,
		})
		if err != nil {
			t.Fatal(err)
		}
		paths := map[string]string{}
		for role, output := range result.Outputs {
			paths[role] = fileOf(t, shelf, output)
		}
		return paths
	}
	for _, test := range []struct {
		reward, encoder string
		want            func(grey float64) float64
	}{
		{"theirs", "tiny", func(grey float64) float64 { return -(8*grey + 0.25) }},
		{"product", "theirs", func(grey float64) float64 { return 8*grey + 0.25 + 100 }},
	} {
		encoded := run(record.KindEncode, &plan.EncodeWork{Texts: true}, "encoder", test.encoder, map[string]string{plan.Images: images})
		scored := run(record.KindScore, &plan.ScoreWork{}, "reward", test.reward, map[string]string{
			plan.Images: images, plan.Features: encoded[plan.Features], plan.TextFeatures: encoded[plan.TextFeatures],
		})
		scores, err := table.ReadAll[table.Score](scored[plan.Scores])
		if err != nil || len(scores) != len(rows) {
			t.Fatalf("%d scores: %v", len(scores), err)
		}
		for i, row := range scores {
			if want := test.want(float64(i + 1)); row.Score != want {
				t.Errorf("reward %q on encoder %q: image %d scores %v, want %v", test.reward, test.encoder, i, row.Score, want)
			}
		}
	}
	processes := map[int]bool{}
	for _, p := range h.providers {
		processes[p.process.child.command.Process.Pid] = true
	}
	if len(processes) != 2 {
		t.Errorf("%d processes ran, want 2", len(processes))
	}
}

func fileOf(t *testing.T, shelf *store.Store, output record.Output) string {
	t.Helper()
	name, err := shelf.File(output)
	if err != nil {
		t.Fatal(err)
	}
	return name
}
