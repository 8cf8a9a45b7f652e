package main

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/ml/train"
)

// The language has a table of the optimizer's settings and the training loop
// has their type: what the one takes, the other reads, and nothing else.
func TestOptimizerIsReadWhole(t *testing.T) {
	p := &program{house: builtinHouse(), out: io.Discard, err: io.Discard, files: spec.NewFiles(), runsDir: t.TempDir()}
	s, err := p.read(t.Context(), "../../experiments/quickstart.hcl")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tuned := 0
	for _, node := range s.Plan.Nodes {
		work, ok := node.Work.(*plan.TuneWork)
		if !ok {
			continue
		}
		tuned++
		o, err := train.ReadOptimizer(work.Optimizer)
		if err != nil {
			t.Errorf("%s: %v", node.Name, err)
		}
		var said, read map[string]any
		if err := json.Unmarshal(work.Optimizer, &said); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(o.JSON(), &read); err != nil {
			t.Fatal(err)
		}
		if want, got := slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(read)); !slices.Equal(want, got) {
			t.Errorf("%s: the language has %q, the loop %q", node.Name, want, got)
		}
	}
	if tuned == 0 {
		t.Error("nothing is tuned")
	}
}
